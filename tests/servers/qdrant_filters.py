"""Qdrant's filters, judged one point at a time."""

import uuid

RANGES = {
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
}


class ApiError(Exception):
    """What Qdrant answers in place of a result."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def wrong_input(text):
    return ApiError(400, f"Wrong input: {text}")


def bad_format(text):
    return ApiError(400, f"Format error in JSON body: {text}")


def only_known(what, known, where):
    """Qdrant drops what it does not know; here it is an error, so that no test passes by a misspelt key."""
    if not isinstance(what, dict):
        raise bad_format(f"{where} must be an object")
    unknown = set(what) - set(known)
    if unknown:
        raise bad_format(f"{where} has unknown keys {sorted(unknown)}")
    return what


def point_id(value):
    """An unsigned integer, or a UUID in its usual form."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise bad_format(f"value {value!r} is not a valid point ID, valid values are either an unsigned integer or a UUID")


def id_order(value):
    """Numbers come before UUIDs."""
    return (0, value, 0) if isinstance(value, int) else (1, 0, uuid.UUID(value).int)


def values_at(payload, path):
    """All values under a dotted path; those of lists one by one."""
    values = [payload]
    for key in path.removesuffix("[]").split("."):
        below = [value[key] for value in values if isinstance(value, dict) and key in value]
        values = [item for value in below for item in (value if isinstance(value, list) else [value])]
    return values


def same(left, right):
    return type(left) is type(right) and left == right


def matches(values, match):
    only_known(match, ("value", "any", "except", "text"), "match")
    if "value" in match:
        return any(same(value, match["value"]) for value in values)
    if "any" in match:
        return any(same(value, each) for value in values for each in match["any"])
    if "except" in match:
        return any(not any(same(value, each) for each in match["except"]) for value in values)
    return any(isinstance(value, str) and match["text"] in value for value in values)


def in_range(values, bounds):
    """Bounds and values are compared as doubles, whatever the index holds."""
    only_known(bounds, RANGES, "range")
    numbers = [float(value) for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    given = {key: float(bound) for key, bound in bounds.items() if bound is not None}
    return any(all(RANGES[key](number, bound) for key, bound in given.items()) for number in numbers)


def condition_holds(condition, point):
    if not isinstance(condition, dict):
        raise bad_format("data did not match any variant of untagged enum Condition")
    if "has_id" in condition:
        only_known(condition, ("has_id",), "condition")
        return point.id in [point_id(each) for each in condition["has_id"]]
    if "is_empty" in condition:
        return all(value in (None, []) for value in values_at(point.payload, condition["is_empty"]["key"]))
    if "is_null" in condition:
        return None in values_at(point.payload, condition["is_null"]["key"])
    if "key" in condition:
        only_known(condition, ("key", "match", "range"), "condition")
        values = values_at(point.payload, condition["key"])
        if "match" in condition:
            return matches(values, condition["match"])
        if "range" in condition:
            return in_range(values, condition["range"])
    if set(condition) & {"must", "should", "must_not"}:
        return filter_holds(condition, point)
    raise bad_format("data did not match any variant of untagged enum Condition")


def conditions(filter_, name):
    found = filter_.get(name) or []
    return found if isinstance(found, list) else [found]


def filter_holds(filter_, point):
    if not filter_:
        return True
    only_known(filter_, ("must", "should", "must_not"), "filter")
    should = conditions(filter_, "should")
    return (all(condition_holds(each, point) for each in conditions(filter_, "must"))
            and not any(condition_holds(each, point) for each in conditions(filter_, "must_not"))
            and (not should or any(condition_holds(each, point) for each in should)))
