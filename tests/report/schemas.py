"""Validates reports against their schemas: ours, and those of SARIF and of Jenkins for JUnit."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import xmlschema
from referencing import Registry, Resource

OURS = Path(__file__).parents[2] / "docs" / "schemas"
OTHERS = Path(__file__).parents[1] / "data" / "schemas"


def follows(document: Any, name: str) -> None:
    """Fail where a document is not as the schema of that name has it."""
    _validator(name).validate(document)


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    found = {file.name: json.loads(file.read_text()) for file in OURS.glob("*.json")}
    registry = Registry().with_resources((key, Resource.from_contents(schema)) for key, schema in found.items())
    return jsonschema.Draft202012Validator(found[f"{name}.json"], registry=registry)


def is_sarif(text: str) -> dict[str, Any]:
    """Return a SARIF log, which must be as its schema has it."""
    log: dict[str, Any] = json.loads(text)
    _sarif().validate(log)
    return log


@cache
def _sarif() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(json.loads((OTHERS / "sarif-2.1.0-rtm.5.json").read_text()))


def is_junit(text: str) -> None:
    """Fail where a text is not JUnit XML as Jenkins takes it."""
    _junit().validate(text)


@cache
def _junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(OTHERS / "junit-10.xsd"))
