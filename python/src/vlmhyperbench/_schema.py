"""JSON Schemas (draft-07) of parameters, made from the signatures of functions."""

from __future__ import annotations

import difflib
import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import PluginError

NAMED = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
SIMPLE_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string",
                list: "array", dict: "object", type(None): "null"}


class LoadError(PluginError):
    """The parameters do not fit the plug-in."""

    code = "load_failed"


def schema_of(function: Callable[..., Any], skip: int,
              without: Sequence[str] = ()) -> dict[str, Any]:
    """The schema of `function`'s parameters but the first `skip` and those called as in `without`.

    Annotations that JSON Schema has no word for (and missing ones) allow every value.
    """
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # names that exist only for type checkers, foreign decorators
        hints = {}
    properties: dict[str, Any] = {}
    required: list[str] = []
    schema: dict[str, Any] = {"type": "object", "properties": properties,
                              "additionalProperties": False}
    for parameter in list(inspect.signature(function).parameters.values())[skip:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            schema["additionalProperties"] = True
        if parameter.kind not in NAMED or parameter.name in without:
            continue
        property_schema = _annotation_schema(hints.get(parameter.name, Any))
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
        elif _is_json(parameter.default):
            property_schema["default"] = parameter.default
        properties[parameter.name] = property_schema
    if required:
        schema["required"] = required
    return schema


def _annotation_schema(annotation: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in SIMPLE_TYPES:
        return {"type": SIMPLE_TYPES[annotation]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return _union_schema([_annotation_schema(argument) for argument in arguments])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object"}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        items = _annotation_schema(arguments[0])
        return {"type": "array", **({"items": items} if items else {})}
    return {}


def _union_schema(members: list[dict[str, Any]]) -> dict[str, Any]:
    if {} in members:
        return {}
    if all(list(member) == ["type"] for member in members):
        return {"type": [member["type"] for member in members]}
    return {"anyOf": members}


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def check_call(function: Callable[..., Any], params: Mapping[str, Any], positional: int = 0,
               without: Sequence[str] = ()) -> None:
    """Raises LoadError, which names the parameters, if `params` do not fit those of `function`.

    The first `positional` parameters and those in `without` are given by the worker.
    """
    parameters = list(inspect.signature(function).parameters.values())[positional:]
    named = {parameter.name: parameter for parameter in parameters
             if parameter.kind in NAMED and parameter.name not in without}
    takes = f"it takes {', '.join(named) if named else 'no parameters'}"
    open_ended = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    for name in params:
        if name in without or not (name in named or open_ended):
            near = difflib.get_close_matches(name, named, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise LoadError(f"there is no parameter {name!r}: {takes}.{hint}")
    for name, parameter in named.items():
        if parameter.default is inspect.Parameter.empty and name not in params:
            raise LoadError(f"the parameter {name!r} is missing: {takes}")
