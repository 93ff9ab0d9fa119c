"""The JSON Schemas of what we write, made from the records themselves.

python -m autograder.publish.exports.schemas docs/schema
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import msgspec

from autograder.gradebook.line import Lines
from autograder.verdict import SubmissionResult

TITLES = {
    "result.json": ("What `autograder check --json` writes", SubmissionResult),
    "gradebook.json": ("What `autograder publish --format json` writes", Lines),
}


def schemas() -> dict[str, bytes]:
    """Return each JSON Schema (draft 2020-12), by the name of its file."""
    return {name: _schema(title, record) for name, (title, record) in TITLES.items()}


def _schema(title: str, record: type[Any]) -> bytes:
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **msgspec.json.schema(record)}
    for part in made["$defs"].values():
        if "description" in part:
            part["description"] = inspect.cleandoc(part["description"])  # as it is from Python 3.13 on
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def main() -> None:
    """Write them into the folder that is named."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in schemas().items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
