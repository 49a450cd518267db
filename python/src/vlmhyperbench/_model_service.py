"""Answers `generate`: from the host's messages to a Request, from pieces of text to deltas."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ._batch import Asked, Batch
from ._failure import CAUGHT, code_of
from ._images import RequestImages
from ._inbox import Inbox
from ._protocol import FrameWriter, Message
from ._registry import Plugin
from ._service import HostGone, Service
from .errors import BadRequestError, ContractError, UnsupportedError, shown
from .model import Finish, Request, batch_size_of

MAX_DELTA_CHARS = 4 << 20  # a frame has room for more, whatever the characters are


class ModelService(Service):
    """Serves one model; `inbox` has the requests behind the one that is answered."""

    requests = {"generate": "generate"}

    def __init__(self, plugin: Plugin, writer: FrameWriter, inbox: Inbox) -> None:
        super().__init__(plugin, writer)
        self._inbox = inbox
        self._most_together = 1
        # Of the request that an error may be the fault of; None where that cannot be told.
        self._images: Sequence[Path] | None = ()

    def loaded(self, instance: Any) -> Message:
        most = batch_size_of(instance)
        if most == 1:
            return super().loaded(instance)
        self._most_together = most
        self._inbox.allow(most)
        return super().loaded(instance) | {"requests": most}

    def answer(self, message: Message) -> None:
        if self._most_together == 1 or type(message.get("id")) is not int:
            super().answer(message)
        else:
            self._answer_together([message, *self._inbox.take_more(self._most_together - 1)])

    def generate(self, request_id: int, message: Message) -> None:
        with self._request(request_id, message) as asked:
            answer = self.instance.generate(asked.request)
            finish = self._send_answer(asked, answer)
        self.tell_end(asked, finish)

    def unload(self) -> None:
        if self.instance is not None:
            self.instance.unload()

    def error_code(self, error: BaseException, default: str) -> str:
        # Pillow says "cannot identify image file", "image file is truncated", and the like.
        about_image = self._images is not None and isinstance(error, OSError) and (
            "image file" in str(error) or error.filename in map(str, self._images))
        return "bad_image" if about_image else code_of(error, default)

    # --- Several requests ---

    def _answer_together(self, messages: Sequence[Message]) -> None:
        try:
            with ExitStack() as stack:
                asked = [one for message in messages
                         if (one := self._read_or_fail(message, stack)) is not None]
                if asked:
                    self._run(Batch(asked, self, lambda: self._inbox.any_cancelled), asked)
        except HostGone as error:
            raise error.reason from None

    def _read_or_fail(self, message: Message, stack: ExitStack) -> Asked | None:
        """The request, its images kept as long as `stack`; None if it was answered already."""
        request_id: int = message["id"]
        try:
            asked = stack.enter_context(self._request(request_id, message))
        except CAUGHT as error:
            self.send_payload(lambda: self.fail(request_id, error))
            return None
        if asked.request.cancelled:
            self.tell_end(asked, Finish("cancelled"))
            return None
        return asked

    def _run(self, batch: Batch, asked: Sequence[Asked]) -> None:
        try:
            batch.follow(self.instance.generate_batch([one.request for one in asked]))
        except HostGone:
            raise
        except CAUGHT as error:
            left = batch.left
            if not left:
                traceback.print_exc()  # for people: there is nobody else to tell
            for one in left:
                self.tell_failure(one, error, alone=len(left) == 1)

    def tell_failure(self, asked: Asked, error: BaseException, alone: bool = True) -> None:
        """Ends a request with `error`; `alone`: the error is known to be this request's own."""
        named = isinstance(error, OSError) and error.filename in map(str, asked.images)
        self._images = asked.images if alone or named else None
        self.send_payload(lambda: self.fail(asked.request_id, error))

    # --- The request ---

    @contextmanager
    def _request(self, request_id: int, message: Message) -> Iterator[Asked]:
        messages, params = message.get("messages"), message.get("params") or {}
        if not isinstance(messages, list) or not isinstance(params, dict):
            raise BadRequestError("'generate' needs a list 'messages' and an object 'params'")
        with RequestImages() as images:
            read = [_read_message(index, one, images) for index, one in enumerate(messages)]
            self._images = images.paths
            self._check_count(len(images.paths))
            yield Asked(request_id, Request(
                text=_text_of(read, "user"), system=_text_of(read, "system"), images=images.paths,
                messages=read, params=params,
                is_cancelled=lambda: self._inbox.is_cancelled(request_id)), images.paths)

    def _check_count(self, count: int) -> None:
        most = self._plugin.capabilities.get("images")
        if most and count > most:
            raise UnsupportedError(f"the {self.title} takes at most {most} image"
                                   f"{'s' if most > 1 else ''}, the request has {count}")

    # --- The answer ---

    def _send_answer(self, asked: Asked, answer: object) -> Finish:
        if isinstance(answer, str):
            self.tell_piece(asked, answer)
            return Finish()
        if isinstance(answer, (bytes, bytearray, Mapping)) or not isinstance(answer, Iterable):
            raise ContractError(f"generate() returned {shown(answer)}",
                                "return the answer as str, or yield its pieces")
        return self._send_pieces(asked, iter(answer))

    def _send_pieces(self, asked: Asked, pieces: Iterator[Any]) -> Finish:
        try:
            while not asked.request.cancelled:
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    return _finish_of(end.value)
                if not isinstance(piece, str):
                    raise ContractError(f"generate() yielded {shown(piece)}", "yield str")
                if not asked.request.cancelled:
                    self.tell_piece(asked, piece)
            return Finish("cancelled")
        finally:
            if close := getattr(pieces, "close", None):
                close()

    def tell_piece(self, asked: Asked, text: str) -> None:
        """Sends a piece of an answer."""
        for begin in range(0, len(text), MAX_DELTA_CHARS):
            self.send({"type": "delta", "id": asked.request_id,
                       "text": text[begin:begin + MAX_DELTA_CHARS]})

    def tell_end(self, asked: Asked, finish: Finish) -> None:
        """Ends a request that was answered, or cancelled."""
        reason = "cancelled" if asked.request.cancelled else finish.reason
        done: Message = {"type": "done", "id": asked.request_id, "finish_reason": reason}
        if finish.usage is not None:
            counted = {"prompt_tokens": finish.usage.prompt_tokens,
                       "completion_tokens": finish.usage.completion_tokens}
            done["usage"] = {key: count for key, count in counted.items() if count is not None}
        if finish.gpu_memory_bytes is not None:
            done["gpu_memory_bytes"] = finish.gpu_memory_bytes
        self.send(done)


def _finish_of(value: object) -> Finish:
    if value is None:
        return Finish()
    if not isinstance(value, Finish):
        raise ContractError(f"generate() returned {shown(value)} at its end", "return Finish(...), "
                            "or nothing; what belongs to the answer must be yielded")
    return value


def _read_message(index: int, message: object, images: RequestImages) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise BadRequestError(f"messages[{index}] is not an object")
    content = message.get("content")
    if isinstance(content, str):
        return message
    if not isinstance(content, list):
        raise BadRequestError(f"messages[{index}]: 'content' is neither a string nor an array")
    return message | {"content": [_read_part(index, part, images) for part in content]}


def _read_part(index: int, part: object, images: RequestImages) -> dict[str, Any]:
    if not isinstance(part, dict):
        raise BadRequestError(f"messages[{index}]: a part is not an object")
    if part.get("type") == "image":
        return images.add(part)
    if part.get("type") != "text" or not isinstance(part.get("text"), str):
        raise BadRequestError(f"messages[{index}]: a part of type {part.get('type')!r} is neither "
                              "an image nor a text")
    return part


def _text_of(messages: list[dict[str, Any]], role: str) -> str:
    texts: list[str] = []
    for message in messages:
        if message.get("role") != role:
            continue
        if isinstance(message["content"], str):
            texts.append(message["content"])
        else:
            texts += [part["text"] for part in message["content"] if part["type"] == "text"]
    return "\n".join(texts)

