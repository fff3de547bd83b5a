"""Definitions to YAML: what is written is read back as the same object."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import yaml

from tierwise.definitions.base import Definition, Part
from tierwise.definitions.read import kind_of


def body_of(definition: Definition) -> dict[str, Any]:
    """The definition as JSON values: kind and name first, what equals its default left out."""
    rest = _plain(definition.model_dump(mode="python", exclude_defaults=True))
    rest.pop("kind", None)
    rest.pop("name", None)
    return {"kind": kind_of(definition), "name": definition.name, **rest}


def to_yaml(definitions: Iterable[Definition]) -> str:
    """YAML documents, in the order given."""
    return "---\n".join(_dump(body_of(definition)) for definition in definitions)


def data_of(part: Part) -> Any:
    """A rule or another part as JSON values, what equals its default left out: read back, it is the same."""
    return _plain(part.model_dump(mode="python", by_alias=True, exclude_defaults=True))


def mapping_to_yaml(mapping: Part) -> str:
    """A mapping as YAML, what equals its default left out."""
    return _dump(_plain(mapping.model_dump(mode="python", exclude_defaults=True)))


def _dump(body: Any) -> str:
    return yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=110)


def _plain(value: Any) -> Any:
    """Only what YAML and JSON both know; a decimal becomes a number where that is exact, else a text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(str(float(value))) == value else str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
