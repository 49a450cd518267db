"""The interface of metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Union

from ._schema import check_call

__all__ = ["Metric"]

AGGREGATES = ("mean", "ratio", "corpus")
DIRECTIONS = ("higher", "lower")

Score = Union[float, tuple[float, float], None]


class Metric:
    """A metric of one answer, or of many together.

    With `aggregate="mean"`, `score` returns a number, and a group's value is the mean; with
    `"ratio"` it returns `(numerator, denominator)`, and a group's value is the sum of numerators
    over the sum of denominators, each above 0. A `"corpus"` metric implements `statistics` and
    `aggregate` instead: a group's value is made of the sums of its samples' statistics.

    `params_schema`, a JSON Schema (draft-07) of `load`'s parameters, is made from the signature of
    `load` where the class has none.

    Example:
        >>> class Length(Metric):
        ...     def score(self, prediction, reference, fields):
        ...         return abs(len(prediction) - len(reference))
        >>> Length().score("abc", "a", {})
        2
    """

    params_schema: ClassVar[Mapping[str, Any] | None] = None

    if TYPE_CHECKING:
        # Any signature may override it.
        def load(self, *args: Any, **params: Any) -> None: ...
    else:
        def load(self) -> None:
            """Takes parameters and loads what takes long. Override it with named parameters."""

    def score(self, prediction: str, reference: str, fields: Mapping[str, str]) -> Score:
        """Scores one answer.

        Args:
            prediction: What the model answered; any text, also an empty one.
            reference: What was expected; structured references are JSON.
            fields: The sample's other annotation columns, by name.

        Returns:
            A finite number (or a pair of them), or None if this sample has no score.

        Raises:
            Exception: Costs this sample alone.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no score(self, prediction, reference, fields)")

    def score_batch(self, predictions: Sequence[str], references: Sequence[str],
                    fields: Sequence[Mapping[str, str]]) -> Sequence[Any]:
        """Scores up to 256 answers together; for metrics whose model wants many at a time.

        Override it instead of `score` (of `statistics` in a corpus metric): it is called then for
        every answer. The result has for each what `score` (`statistics`) returns, or an exception,
        which costs that sample alone. If it raises, each answer is scored in a batch of its own.

        Example:
            >>> class Lengths(Metric):
            ...     def score_batch(self, predictions, references, fields):
            ...         return [len(text) for text in predictions]
            >>> Lengths().score_batch(["a", "abc"], ["", ""], [{}, {}])
            [1, 3]
        """
        raise NotImplementedError(f"{type(self).__name__} has no score_batch()")

    def statistics(self, prediction: str, reference: str,
                   fields: Mapping[str, str]) -> Sequence[float] | None:
        """What one sample adds to the sums of a corpus metric: always `width` finite numbers."""
        raise NotImplementedError(
            f"{type(self).__name__} has no statistics(self, prediction, reference, fields)")

    def aggregate(self, sums: Sequence[float]) -> float | None:
        """The value of a corpus metric for samples whose statistics add up to `sums`."""
        raise NotImplementedError(f"{type(self).__name__} has no aggregate(self, sums)")


class FunctionMetric(Metric):
    """The metric that a plain function is: `function(prediction, reference, **params)`.

    A function with a parameter `fields` is given them as well.
    """

    def __init__(self, function: Callable[..., Any], wants_fields: bool) -> None:
        self._function = function
        self._wants_fields = wants_fields
        self._params: dict[str, Any] = {}

    def load(self, **params: Any) -> None:
        check_call(self._function, params, positional=2, without=["fields"])
        self._params = params

    def score(self, prediction: str, reference: str, fields: Mapping[str, str]) -> Any:
        if self._wants_fields:
            return self._function(prediction, reference, fields=fields, **self._params)
        return self._function(prediction, reference, **self._params)
