"""Checks of metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

from .._protocol import Message
from . import _samples
from ._session import Session, Stop

Pair = Sequence[Any]  # prediction, reference and, perhaps, fields
TOLERANCE = 1e-9
SAME = 1e-5  # sums of 32-bit numbers in another order differ by less


def default_samples() -> list[Pair]:
    return list(_samples.PAIRS)


def check_metric(session: Session, hello: Mapping[str, Any], pairs: Sequence[Pair]) -> None:
    capabilities = hello.get("capabilities", {})
    scores = _check_scores(session, pairs)
    if scores is None:
        return
    _check_repetition(session, pairs, scores)
    if capabilities.get("aggregate") == "corpus":
        values = _check_aggregate(session, scores, capabilities["width"])
    else:
        values = [_value(score) for score in scores]
        _check_denominators(session, scores)
    _check_range(session, values, capabilities.get("range"))
    _check_direction(session, pairs, values, capabilities.get("direction", "higher"))


def _compute(session: Session, pairs: Sequence[Pair]) -> list[Any]:
    fields = [dict(pair[2]) if len(pair) > 2 else {} for pair in pairs]
    names = sorted({name for one in fields for name in one})
    reply = session.ask({
        "type": "compute", "predictions": [pair[0] for pair in pairs],
        "references": [pair[1] for pair in pairs],
        "fields": {name: [one.get(name, "") for one in fields] for name in names}})
    if reply["type"] == "error":
        session.add_error("score()", reply, "score_failed")
        raise Stop
    scores: list[Any] = reply["scores"]
    return scores


def _doing(pair: Pair) -> str:
    return f"score({pair[0]!r:.60}, {pair[1]!r:.60})"


def _failure_code(pair: Pair) -> str:
    if not pair[0].strip() or not pair[1].strip():
        return "crash_on_empty"
    return "score_failed" if (pair[0] + pair[1]).isascii() else "crash_on_unicode"


def _check_scores(session: Session, pairs: Sequence[Pair]) -> list[Any] | None:
    """The scores of samples; None if there is nothing to go on with."""
    with session.check("it scores empty, long, English and Russian texts"):
        scores = _compute(session, pairs)
        failed = [isinstance(score, dict) for score in scores]
        for pair, score in zip(pairs, scores):
            if isinstance(score, dict):
                _add_failure(session, pair, score, everything=all(failed))
        if all(score is None for score in scores):
            session.found("no_scores", "No sample has a score.", "Return numbers for texts as the "
                          "metric expects them; if it expects special ones, define "
                          "self_check_samples(folder) to return them.")
        return None if all(failed) else scores
    return None


def _add_failure(session: Session, pair: Pair, score: Message, everything: bool) -> None:
    code = _failure_code(pair)
    if code == "score_failed" or everything:
        session.add_error(_doing(pair), score, "score_failed")
        return
    before = len(session.report.findings)
    session.add_error(_doing(pair), score, code)
    if len(session.report.findings) > before and session.report.findings[-1].code == code:
        finding = session.report.findings.pop()
        fix = ("Models do answer nothing: give empty texts a score, or return None."
               if code == "crash_on_empty" else
               "Models answer any Unicode: do not encode to ASCII or Latin-1, and index "
               "characters, not bytes.")
        session.found(code, finding.message, fix)


def _check_repetition(session: Session, pairs: Sequence[Pair], scores: Sequence[Any]) -> None:
    good = [(pair, score) for pair, score in zip(pairs, scores) if not isinstance(score, dict)]
    with session.check("a score depends on its sample only"):
        again = _compute(session, [pair for pair, _ in good])
        backwards = _compute(session, [pair for pair, _ in reversed(good)])[::-1]
        for (pair, first), second, third in zip(good, again, backwards):
            if not _same(first, second) or not _same(first, third):
                session.found("not_deterministic", f"{_doing(pair)} is {first}, then {second}, and "
                              f"{third} in another order.", "Keep nothing of a sample in self or "
                              "in globals; seed a random.Random of your own in load().")


def _same(one: Any, other: Any) -> bool:
    """Equal, but for what arithmetic in another order of a batch does."""
    numbers = [score if isinstance(score, list) else [score] for score in (one, other)]
    if None in numbers[0] + numbers[1] or len(numbers[0]) != len(numbers[1]):
        return bool(one == other)
    return all(math.isclose(first, second, rel_tol=SAME, abs_tol=SAME)
               for first, second in zip(*numbers))


def _value(score: Any) -> float | None:
    if isinstance(score, list):
        return score[0] / score[1] if score[1] else None
    return score if isinstance(score, (int, float)) else None


def _check_denominators(session: Session, scores: Sequence[Any]) -> None:
    with session.check("denominators are above 0"):
        for score in scores:
            if isinstance(score, list) and score[1] < 0:
                session.found("negative_denominator", f"score() returned {score}.",
                              "A denominator is a weight or a length: it is never negative.")
            elif isinstance(score, list) and score[1] == 0:
                session.found("zero_denominator", f"score() returned {score}.",
                              "Return None where there is nothing to divide by.")


def _check_range(session: Session, values: Sequence[float | None],
                 bounds: Sequence[float | None] | None) -> None:
    if bounds is None:
        return
    low, high = bounds
    with session.check("its values lie in its range"):
        for value in values:
            if value is not None and ((low is not None and value < low - TOLERANCE)
                                      or (high is not None and value > high + TOLERANCE)):
                session.found("out_of_range", f"The value {value} is outside of range={low, high}.",
                              "Correct the formula, or range= of @metric (None: no bound).")


def _check_direction(session: Session, pairs: Sequence[Pair], values: Sequence[float | None],
                     direction: str) -> None:
    """Answers that equal their references are no worse than others, on average."""
    same = [value for pair, value in zip(pairs, values)
            if value is not None and pair[0] == pair[1] and pair[0]]
    other = [value for pair, value in zip(pairs, values)
             if value is not None and pair[0] != pair[1]]
    if not same or not other:
        return
    with session.check("perfect answers are no worse than others"):
        difference = sum(same) / len(same) - sum(other) / len(other)
        if difference < -TOLERANCE if direction == "higher" else difference > TOLERANCE:
            right = "lower" if direction == "higher" else "higher"
            session.found("wrong_direction", f"{direction} is better, and answers that equal the "
                          f"reference get {sum(same) / len(same):g}, others "
                          f"{sum(other) / len(other):g}.",
                          f"Write direction={right!r}, or correct the formula.")


def _check_aggregate(session: Session, scores: Sequence[Any],
                     width: int) -> list[float | None]:
    """The corpus value of each sample alone."""
    parts = [score for score in scores if isinstance(score, list)]
    total = [sum(column) for column in zip(*parts)] or [0] * width
    values: list[float | None] = list(repeat(None, len(scores)))
    with session.check("aggregate() is a function of the sums"):
        first = _aggregate(session, [total, *parts, [0] * width])
        again = _aggregate(session, [[0.0] * width, *reversed(parts), [float(x) for x in total]])
        if not _equal(first, again[::-1]):
            session.found("aggregate_disagrees", "aggregate() of the same sums is "
                          f"{first[0]}, then, in another order and with floats, {again[-1]}.",
                          "Let aggregate(sums) depend on sums only: keep nothing in self.")
        halves = [[sum(column) for column in zip(*half)] for half in (parts[::2], parts[1::2])]
        if len(parts) > 1:
            both = _aggregate(session, [[a + b for a, b in zip(*halves)]])
            if not _equal(both, first[:1]):
                session.found("aggregate_disagrees", f"aggregate() of all samples is {first[0]}, "
                              f"of the sum of two halves {both[0]}.",
                              "Let statistics() return numbers that may be added.")
        iterator = iter(first[1:])
        values = [next(iterator) if isinstance(score, list) else None for score in scores]
        _check_total(session, first[0], parts)
    return values


def _check_total(session: Session, value: float | None, parts: Sequence[Any]) -> None:
    if value is None and parts:
        session.found("no_value", "aggregate() of all samples is None.",
                      "Return a number where there are samples.")


def _aggregate(session: Session, sums: Sequence[Sequence[float]]) -> list[float | None]:
    reply = session.ask({"type": "aggregate", "sums": sums})
    if reply["type"] == "error":
        session.add_error("aggregate(), also of zeros (an empty group)", reply, "aggregate_failed")
        raise Stop
    values: list[float | None] = reply["values"]
    return values


def _equal(a: Sequence[float | None], b: Sequence[float | None]) -> bool:
    return len(a) == len(b) and all(
        x == y or (x is not None and y is not None
                   and abs(x - y) <= TOLERANCE * max(1.0, abs(x), abs(y)))
        for x, y in zip(a, b))
