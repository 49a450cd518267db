"""Answers `generate`: from the host's messages to a Request, from pieces of text to deltas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ._failure import code_of
from ._images import RequestImages
from ._protocol import FrameWriter, Message
from ._registry import Plugin
from ._service import Service
from .errors import BadRequestError, ContractError, UnsupportedError, shown
from .model import Finish, Request

MAX_DELTA_CHARS = 4 << 20  # a frame has room for more, whatever the characters are


class ModelService(Service):
    """Serves one model. `cancelled` tells whether the request with an id is not wanted any more."""

    requests = {"generate": "generate"}

    def __init__(self, plugin: Plugin, writer: FrameWriter,
                 cancelled: Callable[[int], bool]) -> None:
        super().__init__(plugin, writer)
        self._cancelled = cancelled
        self._images: list[Path] = []

    def generate(self, request_id: int, message: Message) -> None:
        def is_cancelled() -> bool:
            return self._cancelled(request_id)

        with self._request(message, is_cancelled) as request:
            answer = self.instance.generate(request)
            finish = self._send_answer(request_id, answer, is_cancelled)
        done: Message = {"type": "done", "id": request_id,
                         "finish_reason": "cancelled" if is_cancelled() else finish.reason}
        if finish.usage is not None:
            counted = {"prompt_tokens": finish.usage.prompt_tokens,
                       "completion_tokens": finish.usage.completion_tokens}
            done["usage"] = {key: count for key, count in counted.items() if count is not None}
        self.send(done)

    def unload(self) -> None:
        if self.instance is not None:
            self.instance.unload()

    def error_code(self, error: BaseException, default: str) -> str:
        # Pillow says "cannot identify image file", "image file is truncated", and the like.
        about_image = isinstance(error, OSError) and (
            "image file" in str(error) or error.filename in map(str, self._images))
        return "bad_image" if about_image else code_of(error, default)

    # --- The request ---

    @contextmanager
    def _request(self, message: Message, is_cancelled: Callable[[], bool]) -> Iterator[Request]:
        messages, params = message.get("messages"), message.get("params") or {}
        if not isinstance(messages, list) or not isinstance(params, dict):
            raise BadRequestError("'generate' needs a list 'messages' and an object 'params'")
        with RequestImages() as images:
            read = [_read_message(index, one, images) for index, one in enumerate(messages)]
            self._images = images.paths
            self._check_count(len(images.paths))
            yield Request(text=_text_of(read, "user"), system=_text_of(read, "system"),
                          images=images.paths, messages=read, params=params,
                          is_cancelled=is_cancelled)

    def _check_count(self, count: int) -> None:
        most = self._plugin.capabilities.get("images")
        if most and count > most:
            raise UnsupportedError(f"the {self.title} takes at most {most} image"
                                   f"{'s' if most > 1 else ''}, the request has {count}")

    # --- The answer ---

    def _send_answer(self, request_id: int, answer: object,
                     is_cancelled: Callable[[], bool]) -> Finish:
        if isinstance(answer, str):
            self._send_piece(request_id, answer)
            return Finish()
        if isinstance(answer, (bytes, bytearray, Mapping)) or not isinstance(answer, Iterable):
            raise ContractError(f"generate() returned {shown(answer)}",
                                "return the answer as str, or yield its pieces")
        return self._send_pieces(request_id, iter(answer), is_cancelled)

    def _send_pieces(self, request_id: int, pieces: Iterator[Any],
                     is_cancelled: Callable[[], bool]) -> Finish:
        try:
            while not is_cancelled():
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    return _finish_of(end.value)
                if not isinstance(piece, str):
                    raise ContractError(f"generate() yielded {shown(piece)}", "yield str")
                if not is_cancelled():
                    self._send_piece(request_id, piece)
            return Finish("cancelled")
        finally:
            if close := getattr(pieces, "close", None):
                close()

    def _send_piece(self, request_id: int, text: str) -> None:
        for begin in range(0, len(text), MAX_DELTA_CHARS):
            self.send({"type": "delta", "id": request_id,
                       "text": text[begin:begin + MAX_DELTA_CHARS]})


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

