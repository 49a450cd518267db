"""Checks of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._protocol import Message
from . import _explain, _samples
from ._host import WorkerHost, WorkerHung
from ._session import Session

CANCEL_TIMEOUT_S = 5.0  # the host waits 2 s and kills then
REFUSALS = ("bad_request", "bad_image", "unsupported")


def default_samples(folder: Path) -> list[dict[str, Any]]:
    image = folder / "page.png"
    image.write_bytes(_samples.png())
    return [{"text": text, "images": [str(image)]} for text in _samples.QUESTIONS]


def check_model(session: Session, hello: Mapping[str, Any], asked: Sequence[Message],
                folder: Path) -> list[str | None]:
    """Asks one request at a time; the answers to all, None for those that failed."""
    answers = _check_answers(session, asked)
    capabilities = hello.get("capabilities", {})
    _check_repetition(session, asked, answers)
    if capabilities.get("usage"):
        _check_usage(session, asked)
    if capabilities.get("cancel"):
        _check_cancel(session, asked)
    _check_broken_image(session, asked, folder)
    return answers


def request_of(sample: Mapping[str, Any]) -> Message:
    """The `generate` for a sample."""
    content: list[dict[str, Any]] = [{"type": "image", "path": str(Path(image).absolute())}
                                     for image in sample.get("images", [])]
    content.append({"type": "text", "text": sample.get("text", "")})
    messages = [{"role": "user", "content": content}]
    if system := sample.get("system"):
        messages.insert(0, {"role": "system", "content": system})
    params = {"temperature": 0.0, "seed": 1, "max_tokens": 64, **sample.get("params", {})}
    return {"type": "generate", "messages": messages, "params": params}


def title_of(message: Message) -> str:
    """What is done, for findings."""
    text = message["messages"][-1]["content"][-1]["text"]
    return f"generate() for the question {text!r:.60}"


def _collect(worker: WorkerHost) -> tuple[str, Message]:
    """The answer to the request that was sent, and its last message."""
    text = ""
    while (message := worker.receive()[0])["type"] == "delta":
        text += message["text"]
    return text, message


def _generate(session: Session, message: Message) -> tuple[str, Message]:
    worker = session.worker()
    worker.send(message | {"id": session.new_id()})
    return _collect(worker)


def _check_answers(session: Session, asked: Sequence[Message]) -> list[str | None]:
    answers: list[str | None] = []
    for message in asked:
        answers.append(None)
        with session.check(title_of(message)):
            text, last = _generate(session, message)
            if last["type"] == "error":
                session.add_error(title_of(message), last, "generate_failed")
            else:
                answers[-1] = text
    with session.check("it says something"):
        given = [answer for answer in answers if answer is not None]
        if given and not any(given):
            session.found("empty_answer", f"All {len(given)} answers are empty.",
                          "Yield the text, or return it: `return` in a generator yields nothing.")
    return answers


def _check_repetition(session: Session, asked: Sequence[Message],
                      answers: Sequence[str | None]) -> None:
    with session.check("the same request at temperature 0 has the same answer"):
        for message, answer in zip(asked, answers):
            if answer is None:
                continue
            again, last = _generate(session, message)
            if last["type"] == "done" and again != answer:
                session.found("state_leak", f"{title_of(message)} at temperature 0: first "
                              f"{answer!r:.80}, then, after other requests, {again!r:.80}.",
                              "Keep nothing of a request in self (history, caches, counters), and "
                              "sample greedily at temperature 0.")


def _check_usage(session: Session, asked: Sequence[Message]) -> None:
    with session.check("it counts tokens, as it says"):
        _, last = _generate(session, asked[0])
        if last["type"] == "done" and not last.get("usage"):
            session.found("usage_missing", "It says usage=True and counted no tokens.",
                          "return Finish(\"stop\", Usage(...)) at the end, or leave usage= out.")


def _check_cancel(session: Session, asked: Sequence[Message]) -> None:
    with session.check("it obeys `cancel`"):
        worker, request_id = session.worker(), session.new_id()
        worker.send(asked[0] | {"id": request_id})
        first = worker.receive()[0]
        if first["type"] != "delta":
            return
        worker.send({"type": "cancel", "id": request_id})
        worker.allow(CANCEL_TIMEOUT_S)
        try:
            _, last = _collect(worker)
        except WorkerHung:
            session.close()
            last = {"type": "hang"}
        if last["type"] != "done":
            came = last.get("message", "nothing")
            session.found("cancel_ignored", f"After `cancel` came no end of the request: {came}.",
                          "Yield often, let GeneratorExit through, and do not work in `finally`; a "
                          "model that cannot stop says streaming=False.")


def broken_image(folder: Path) -> Message:
    """A request with an image that cannot be read."""
    broken = folder / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    return request_of({"text": "?", "images": [str(broken)]})


def _check_broken_image(session: Session, asked: Sequence[Message], folder: Path) -> None:
    """An image that cannot be read is refused, and costs its request only."""
    title = "an image that cannot be read"
    with session.check(title):
        text, last = _generate(session, broken_image(folder))
        if last["type"] == "error" and last["code"] not in REFUSALS:
            finding = _explain.error_finding(title, last, "bad_image", 0)
            session.found("broken_image", finding.message,
                          "Raise BadImageError for an image that cannot be read.")
        _, last = _generate(session, asked[0])
        if last["type"] == "error" and last["code"] not in REFUSALS and session.report.ok:
            session.add_error(f"{title_of(asked[0])} after {title}", last, "broken_by_bad_image")
