"""As much of JSON Schema (draft-07) as a schema of parameters needs.

The host checks parameters with a full implementation. This one only finds mistakes in schemas, and
defaults that do not obey them; a keyword that it does not know allows everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TYPES: dict[str, Check] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _is_count(value: Any) -> bool:
    return TYPES["integer"](value) and value >= 0


def _is_schema(value: Any) -> bool:
    return isinstance(value, (dict, bool))


def _is_pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return True


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object_of(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


# What the value of a keyword must be.
KEYWORDS: dict[str, Check] = {
    "type": _is_type,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "pattern": _is_pattern,
    "required": _list_of(TYPES["string"]),
    "properties": _object_of(_is_schema),
    "patternProperties": _object_of(_is_schema),
    "definitions": _object_of(_is_schema),
    "items": lambda value: _is_schema(value) or _list_of(_is_schema)(value),
    "uniqueItems": TYPES["boolean"],
    "description": TYPES["string"],
    "title": TYPES["string"],
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties",
                     "maxProperties"), _is_count),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _list_of(_is_schema)),
    **dict.fromkeys(("additionalProperties", "additionalItems", "contains", "not", "if", "then",
                     "else", "propertyNames"), _is_schema),
}


def schema_problems(schema: Any, where: str = "params_schema") -> Iterator[str]:
    """What is wrong with `schema` itself."""
    if not isinstance(schema, dict):
        if not isinstance(schema, bool):
            yield f"{where} is {schema!r}, which is no schema: a schema is an object"
        return
    for keyword, value in schema.items():
        if keyword in KEYWORDS and not KEYWORDS[keyword](value):
            yield f"{where}: {keyword!r} cannot be {value!r}"
    for path, inner in _inner_schemas(schema):
        yield from schema_problems(inner, f"{where}.{path}")


def default_problems(schema: Any, where: str = "params_schema") -> Iterator[str]:
    """Defaults in `schema`, a correct one, that do not obey it."""
    if not isinstance(schema, dict):
        return
    if "default" in schema and (problem := why_invalid(schema, schema["default"])):
        yield f"the default of {where} does not obey it: {problem}"
    for path, inner in _inner_schemas(schema):
        yield from default_problems(inner, f"{where}.{path}")


def _inner_schemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, inner in properties.items():
            if _is_schema(inner):
                yield name, inner
    if isinstance(schema.get("items"), dict):
        yield "items", schema["items"]


def why_invalid(schema: Any, value: Any) -> str:
    """Why `value` does not obey `schema`, a correct one; empty if it does."""
    if isinstance(schema, bool):
        return "" if schema else "nothing is allowed here"
    for problem in _problems(schema, value):
        return problem
    return ""


def _problems(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    yield from _type_problems(schema, value)
    if _is_number(value):
        yield from _number_problems(schema, value)
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{value!r} does not match {schema['pattern']!r}"
        yield from _length_problems(schema, len(value), "Length", "characters")
    if isinstance(value, list):
        yield from _length_problems(schema, len(value), "Items", "items")
        if isinstance(schema.get("items"), (dict, bool)):
            for item in value:
                yield from filter(None, [why_invalid(schema["items"], item)])
    if isinstance(value, dict):
        yield from _object_problems(schema, value)
    yield from _combined_problems(schema, value)


def _type_problems(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[name](value) for name in types):
        yield f"{value!r} is not of type {' or '.join(types)}"
    # True == 1 in Python, not in JSON.
    if "enum" in schema and not any(item == value and isinstance(item, bool) == isinstance(
            value, bool) for item in schema["enum"]):
        yield f"{value!r} is none of {schema['enum']}"
    if "const" in schema and schema["const"] != value:
        yield f"{value!r} is not {schema['const']!r}"


def _number_problems(schema: Mapping[str, Any], value: float) -> Iterator[str]:
    if value < schema.get("minimum", value):
        yield f"{value} is less than {schema['minimum']}"
    if value > schema.get("maximum", value):
        yield f"{value} is more than {schema['maximum']}"
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield f"{value} is not more than {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        yield f"{value} is not less than {schema['exclusiveMaximum']}"
    if "multipleOf" in schema and not (value / schema["multipleOf"]).is_integer():
        yield f"{value} is no multiple of {schema['multipleOf']}"


def _length_problems(schema: Mapping[str, Any], length: int, what: str, unit: str) -> Iterator[str]:
    if not schema.get(f"min{what}", length) <= length <= schema.get(f"max{what}", length):
        yield f"{length} {unit} are too few or too many"


def _object_problems(schema: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{name!r} is missing"
    for name, item in value.items():
        inner = properties.get(name, schema.get("additionalProperties", True)
                               if "patternProperties" not in schema else True)
        if inner is False:
            yield f"there is no {name!r} in it; it has {', '.join(properties) or 'nothing'}"
        elif problem := why_invalid(inner, item):
            yield f"{name!r}: {problem}"


def _combined_problems(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    for inner in schema.get("allOf", []):
        yield from filter(None, [why_invalid(inner, value)])
    if "anyOf" in schema and all(why_invalid(inner, value) for inner in schema["anyOf"]):
        yield f"{value!r} is none of what is allowed"
    if "oneOf" in schema and sum(not why_invalid(inner, value) for inner in schema["oneOf"]) != 1:
        yield f"{value!r} is not exactly one of what is allowed"
    if "not" in schema and not why_invalid(schema["not"], value):
        yield f"{value!r} is what is forbidden"
