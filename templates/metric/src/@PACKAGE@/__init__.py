"""A VLMHyperBench metric."""

from vlmhyperbench import metric

__all__ = ["@OBJECT@"]


# aggregate="mean": a group's value is the mean of its samples' scores. A score that cannot be told is None, never 0.
@metric("@NAME@", version="0.1.0", aggregate="mean", direction="higher", range=(0, 1))
def @OBJECT@(prediction: str, reference: str, ignore_case: bool = True) -> float | None:
    """The share of the reference's words that the prediction has.

    >>> @OBJECT@("total: 12", "Total 12 EUR")
    0.3333333333333333
    """
    if ignore_case:
        prediction, reference = prediction.casefold(), reference.casefold()
    expected = reference.split()
    if not expected:
        return None
    found = set(prediction.split())
    return sum(word in found for word in expected) / len(expected)
