"""Checks of models that answer several requests together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._protocol import Message
from ._check_model import broken_image, title_of
from ._session import Session

MOST_ASKED = 8
KEEP_APART = "Yield (index, ...) with the index that the request has in `requests`, wherever the " \
             "model has put it (sorted, grouped, padded)."


def check_batches(session: Session, hello: Mapping[str, Any], asked: Sequence[Message],
                  alone: Sequence[str | None], folder: Path) -> None:
    """Asks several requests together, whose answers `alone` are known (None: there is none)."""
    known = [(message, answer) for message, answer in zip(asked, alone) if answer is not None]
    size = min(session.loaded.get("requests", 1), MOST_ASKED)
    if size == 1 or not known:
        return
    known = (known * size)[:size]
    for title, pairs in (("several requests together have each its answer", known),
                         ("so they have in another order", known[::-1])):
        with session.check(title):
            _check_answers(session, [message for message, _ in pairs],
                           [answer for _, answer in pairs])
    _check_failure(session, known[0][0], size, folder)
    if hello.get("capabilities", {}).get("cancel"):
        _check_cancel(session, known[0][0], *known[1])


def _generate(session: Session, asked: Sequence[Message],
              cancelled: int | None = None) -> list[tuple[str, Message]]:
    """The answer to each request and its last message; raises WorkerHung if one does not end.

    Args:
        cancelled: The request to cancel as soon as anything comes.
    """
    worker = session.worker()
    ids = [session.new_id() for _ in asked]
    worker.send_all([message | {"id": request_id} for request_id, message in zip(ids, asked)])
    texts, ends = dict.fromkeys(ids, ""), dict[int, Message]()
    while len(ends) < len(ids):
        message = worker.receive()[0]
        if cancelled is not None:
            worker.send({"type": "cancel", "id": ids[cancelled]})
            cancelled = None
        if message["type"] == "delta":
            texts[message["id"]] += message["text"]
        else:
            ends[message["id"]] = message
    return [(texts[request_id], ends[request_id]) for request_id in ids]


def _check_answers(session: Session, asked: Sequence[Message], alone: Sequence[str]) -> None:
    answers = _generate(session, asked)
    for message, (text, last), before in zip(asked, answers, alone):
        if last["type"] == "error":
            session.add_error(f"generate_batch() of {len(asked)} requests", last, "batch_failed")
        elif before and not text:
            session.found("unanswered_in_batch", f"{title_of(message)} has the answer "
                          f"{before!r:.80} alone, and none together with others.",
                          "Yield the answer to every one of `requests`, before the generator ends.")
    together = [text for text, _ in answers]
    # Other answers than alone may come of other arithmetic; the same ones elsewhere do not.
    if together != list(alone) and sorted("".join(together)) == sorted("".join(alone)):
        message, text, before = next(one for one in zip(asked, together, alone)
                                     if one[1] != one[2])
        session.found("answers_swapped", f"{title_of(message)}: {before!r:.80} alone, "
                      f"{text!r:.80} together with others; all answers together are the same text.",
                      KEEP_APART)


def _check_failure(session: Session, good: Message, size: int, folder: Path) -> None:
    """A request that is refused costs the others nothing."""
    with session.check("one request that is refused costs the others nothing"):
        answers = _generate(session, [good, broken_image(folder), *[good] * (size - 2)])
        others = [last for _, last in answers[:1] + answers[2:] if last["type"] == "error"]
        if answers[1][1]["type"] == "error" and others:
            session.found("failure_shared", "A request with an image that cannot be read made "
                          f"{len(others)} others fail: {others[0]['message']}",
                          "Catch the exception of one request and yield (index, exception); what "
                          "is raised costs the whole batch.")


def _check_cancel(session: Session, cancelled: Message, other: Message, alone: str) -> None:
    """A request that is cancelled takes no other with it."""
    with session.check("one request that is cancelled leaves the others alone"):
        _, (text, last) = _generate(session, [cancelled, other], cancelled=0)
        cut = len(text) < len(alone) and alone.startswith(text)
        if last["type"] == "error" or cut:
            session.found("cancel_shared", f"{title_of(other)} was "
                          f"{'cut' if cut else 'failed'} when another request of its batch was "
                          "cancelled.", "Look at request.cancelled of each request on its own, and "
                          "go on with the others.")
