#!/usr/bin/env python3
"""Checks that includes under src/ point down the layers only: main -> app -> {http, infra, config} -> core -> base."""

import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": {"base"},
    "core": {"core", "base"},
    "config": {"config", "base"},
    "http": {"http", "core", "base"},
    "infra": {"infra", "core", "base"},
    "app": {"app", "http", "infra", "config", "core", "base"},
    "main.cpp": {"app"},
}
FORBIDDEN_IN_CORE = re.compile(r"<(boost/beast|sqlite3|libpq|hiredis|curl|prometheus)")
INCLUDE = re.compile(r'^#include "([^"/]+)/')


def faults_of(path, root):
    layer = path.relative_to(root).parts[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if found and found.group(1) not in MAY_INCLUDE[layer]:
            yield f"{path}:{number}: {layer} must not include {found.group(1)}"
        if layer == "core" and FORBIDDEN_IN_CORE.search(line):
            yield f"{path}:{number}: core knows no such technology"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent / "src"
    sources = [path for path in sorted(root.rglob("*")) if path.suffix in {".cpp", ".hpp"}]
    faults = [fault for path in sources for fault in faults_of(path, root)]
    print("\n".join(faults) or f"layers: {len(sources)} files keep to them")
    return 1 if faults else 0


sys.exit(main())
