"""Reading /openapi.json: its operations, example bodies made from its schemas, and what is wrong with it."""

import re
from dataclasses import dataclass, field

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class Operation:
    method: str
    path: str
    described: dict = field(repr=False)
    document: dict = field(repr=False)

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    def sample_body(self):
        """A body that the schema accepts, or None when the operation takes none."""
        content = self.described.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else sample(content["schema"], self.document)

    def url(self, values: dict[str, str]) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], self.path)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def operations(document: dict) -> list[Operation]:
    return [
        Operation(method, path, item[method], document)
        for path, item in document["paths"].items() for method in METHODS if method in item
    ]


def resolve(schema: dict, document: dict) -> dict:
    while "$ref" in schema:
        node = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def sample(schema: dict, document: dict):
    """The smallest value that `schema` accepts."""
    schema = resolve(schema, document)
    for name in ("const", "default", "example"):
        if name in schema:
            return schema[name]
    for name in ("enum", "examples"):
        if schema.get(name):
            return schema[name][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            return sample(schema[name][0], document)
    kinds = schema.get("type", "object")
    return _sample_of(kinds if isinstance(kinds, str) else kinds[0], schema, document)


def _sample_of(kind: str, schema: dict, document: dict):
    if kind == "object":
        required = schema.get("required", [])
        return {name: sample(schema["properties"][name], document) for name in required}
    if kind == "string":
        return "x" * max(1, schema.get("minLength", 1))
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"array": [], "boolean": False, "null": None}[kind]


def faults(document: dict) -> list[str]:
    """What keeps `document` from being a sound OpenAPI 3.1 document, in words."""
    found = []
    if not str(document.get("openapi", "")).startswith("3.1"):
        found.append("openapi is not 3.1")
    if not all(document.get("info", {}).get(name) for name in ("title", "version")):
        found.append("info lacks title or version")
    names = [operation.described.get("operationId") for operation in operations(document)]
    found += [f"operationId {name} is not unique" for name in set(names) if not name or names.count(name) > 1]
    for operation in operations(document):
        found += [f"{operation}: {fault}" for fault in _operation_faults(operation)]
    found += [f"dangling reference {each}" for each in _references(document) if not _exists(each, document)]
    return found


def _operation_faults(operation: Operation) -> list[str]:
    found = [] if operation.path.startswith("/") else ["path does not begin with /"]
    responses = operation.described.get("responses", {})
    if not any(status.startswith("2") for status in responses):
        found.append("no answer of success")
    found += [f"{status} lacks a description" for status, answer in responses.items()
              if "$ref" not in answer and not answer.get("description")]
    declared = {(parameter["name"], parameter.get("required", False))
                for parameter in operation.described.get("parameters", []) if parameter["in"] == "path"}
    if declared != {(name, True) for name in operation.path_parameters}:
        found.append(f"path parameters declared as {sorted(declared)}")
    for parameter in operation.described.get("parameters", []):
        if "schema" not in parameter:
            found.append(f"parameter {parameter['name']} lacks a schema")
    return found


def _references(node) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()


def _exists(reference: str, document: dict) -> bool:
    try:
        resolve({"$ref": reference}, document)
    except (KeyError, TypeError):
        return False
    return reference.startswith("#/")
