"""Sampling parameters of a request as options of transformers' `generate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vlmhyperbench import BadRequestError

__all__ = ["generation_options", "stop_texts"]

PASSED_ON = ("top_p", "top_k", "min_p", "repetition_penalty")


def generation_options(params: Mapping[str, Any], max_new_tokens: int) -> dict[str, Any]:
    """Options of `generate`. What `params` has not stays as the model's authors set it.

    Temperature 0 means greedy, so that the same question has the same answer. Parameters of other
    programs are ignored.

    Example:
        >>> generation_options({"temperature": 0, "max_tokens": 8}, 512)
        {'max_new_tokens': 8, 'do_sample': False}
        >>> generation_options({"temperature": 0.5, "top_p": 0.9}, 512)
        {'max_new_tokens': 512, 'do_sample': True, 'temperature': 0.5, 'top_p': 0.9}
    """
    options: dict[str, Any] = {"max_new_tokens": _max_tokens(params, max_new_tokens)}
    given = {name: params[name] for name in PASSED_ON if params.get(name) is not None}
    temperature = params.get("temperature")
    if temperature is None:
        return {**options, **given}
    if temperature < 0:
        raise BadRequestError(f"temperature is {temperature}: give 0 or more")
    if temperature == 0:
        penalty = {name: value for name, value in given.items() if name == "repetition_penalty"}
        return {**options, "do_sample": False, **penalty}
    return {**options, "do_sample": True, "temperature": float(temperature), **given}


def stop_texts(params: Mapping[str, Any]) -> list[str]:
    """The texts before which an answer ends."""
    stop = params.get("stop") or []
    return [stop] if isinstance(stop, str) else [str(text) for text in stop]


def _max_tokens(params: Mapping[str, Any], default: int) -> int:
    count = params.get("max_tokens", params.get("max_completion_tokens"))
    if count is None:
        return default
    if type(count) is not int or count < 1:
        raise BadRequestError(f"max_tokens is {count!r}: give a whole number from 1")
    return count
