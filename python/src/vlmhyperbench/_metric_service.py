"""Answers `compute` and `aggregate`."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

from ._failure import CAUGHT, message_of, traceback_of
from ._protocol import FrameWriter, Message
from ._registry import Plugin
from ._service import Service
from .errors import BadRequestError, ContractError, shown
from .metric import Metric

MOST_TRACEBACKS = 20  # of one batch: thousands of the same would not fit into a frame


class MetricService(Service):
    """Serves one metric."""

    requests = {"compute": "compute", "aggregate": "aggregate"}

    def __init__(self, plugin: Plugin, writer: FrameWriter) -> None:
        super().__init__(plugin, writer)
        self._aggregate = plugin.capabilities["aggregate"]
        self._width = plugin.capabilities.get("width", 0)

    def compute(self, request_id: int, message: Message) -> None:
        predictions = _texts(message, "predictions")
        references = _texts(message, "references")
        if len(predictions) != len(references):
            raise BadRequestError(f"{len(predictions)} predictions, {len(references)} references")
        rows = _rows(message.get("fields") or {}, len(predictions))
        scores = self._scores(predictions, references, rows)
        self.send({"type": "scores", "id": request_id, "scores": scores})

    def aggregate(self, request_id: int, message: Message) -> None:
        sums = message.get("sums")
        if self._aggregate != "corpus":
            raise BadRequestError(f"the {self.title} has aggregate {self._aggregate!r}: the host "
                                  "forms its values")
        if not isinstance(sums, list) or not all(isinstance(one, list) and len(one) == self._width
                                                 for one in sums):
            raise BadRequestError(f"'sums' is no list of lists of {self._width} numbers")
        values = [self._value(one) for one in sums]
        self.send({"type": "values", "id": request_id, "values": values})

    def _value(self, sums: list[float]) -> float | None:
        value = self.instance.aggregate(sums)
        return None if value is None else _number(value, "aggregate()")

    def _scores(self, predictions: list[str], references: list[str],
                rows: Iterator[dict[str, str]]) -> list[Any]:
        if type(self.instance).score_batch is not Metric.score_batch:
            return self._scores_together(predictions, references, list(rows))
        corpus = self._aggregate == "corpus"
        score = self.instance.statistics if corpus else self.instance.score
        convert = self._converter()
        scores: list[Any] = []
        failures = 0
        for prediction, reference, fields in zip(predictions, references, rows):
            try:
                value = score(prediction, reference, fields)
                scores.append(None if value is None else convert(value))
            except CAUGHT as error:
                failures += 1
                scores.append(_failure(error, with_traceback=failures <= MOST_TRACEBACKS))
        return scores

    def _scores_together(self, predictions: list[str], references: list[str],
                         rows: list[dict[str, str]]) -> list[Any]:
        convert = self._converter()
        failures = 0
        scores: list[Any] = []
        for value in self._batch(predictions, references, rows):
            try:
                if isinstance(value, Exception):
                    raise value
                scores.append(None if value is None else convert(value))
            except CAUGHT as error:
                failures += 1
                scores.append(_failure(error, with_traceback=failures <= MOST_TRACEBACKS))
        return scores

    def _batch(self, predictions: list[str], references: list[str],
               rows: list[dict[str, str]]) -> Sequence[Any]:
        """Scores, and exceptions in place of those that failed."""
        if not predictions:
            return []
        try:
            values = self.instance.score_batch(predictions, references, rows)
        except CAUGHT as error:
            if len(predictions) == 1:
                return [error]
            each = zip(predictions, references, rows)
            return [value for prediction, reference, fields in each
                    for value in self._batch([prediction], [reference], [fields])]
        if not isinstance(values, Sequence) or len(values) != len(predictions):
            raise ContractError(f"score_batch() returned {shown(values)} for {len(predictions)} "
                                "answers", "return a list with a score, None or an exception for "
                                "each")
        return values

    def _converter(self) -> Callable[[Any], Any]:
        if self._aggregate == "mean":
            return _mean_score
        if self._aggregate == "ratio":
            return _ratio_score
        width: int = self._width
        return lambda value: _statistics(value, width)


def _failure(error: BaseException, with_traceback: bool) -> dict[str, str]:
    failure = {"error": message_of(error)}
    if with_traceback and not isinstance(error, ContractError):
        failure["traceback"] = traceback_of(error)
    return failure


def _mean_score(value: Any) -> float:
    if type(value) is float and -math.inf < value < math.inf:  # the common case, quickly
        return value
    return _number(value, "score()")


def _ratio_score(value: Any) -> list[float]:
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)) or len(value) != 2:
        raise ContractError(f"score() returned {shown(value)}", "return (numerator, denominator): "
                            "aggregate is 'ratio'")
    return [_number(one, "score()") for one in value]


def _statistics(value: Any, width: int) -> list[float]:
    try:
        items = list(value)
    except TypeError:
        items = []
    if len(items) != width or isinstance(value, (str, bytes)):
        raise ContractError(f"statistics() returned {shown(value)}", f"return always width={width} "
                            "numbers, or correct width= of @metric")
    return [_number(one, "statistics()") for one in items]


def _number(value: Any, what: str) -> float:
    if not isinstance(value, numbers.Real):
        raise ContractError(f"{what} returned {shown(value)}", "return a float (float(x), or "
                            "x.item() of a tensor), or None where there is no score")
    number = float(value)
    if not math.isfinite(number):
        raise ContractError(f"{what} returned {number}", "return None where there is no score, and "
                            "guard divisions by zero")
    return number


def _texts(message: Message, key: str) -> list[str]:
    texts = message.get(key)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadRequestError(f"'compute' needs a list of texts '{key}'")
    return texts


def _rows(fields: object, count: int) -> Iterator[dict[str, str]]:
    """The fields of each sample."""
    if not isinstance(fields, Mapping):
        raise BadRequestError("'fields' is not an object")
    for name, column in fields.items():
        if not isinstance(column, list) or len(column) != count:
            raise BadRequestError(f"field {name!r} is no list of {count} texts")
    if not fields:
        return ({} for _ in repeat(None, count))
    names = list(fields)
    return (dict(zip(names, row)) for row in zip(*fields.values()))

