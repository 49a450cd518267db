"""Frames and attachments of the plug-in protocol, version 1 (docs/formats/plugin-protocol.md)."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Sequence
from typing import Any

PROTOCOL = 1
MAX_FRAME_BYTES = 64 << 20
MAX_BLOCK_BYTES = 64 << 20
MAX_BLOCKS_BYTES = 256 << 20
LENGTH = struct.Struct("<I")
MOST_BUFFERS = 512  # of one system call; Linux allows 1024

ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

Message = dict[str, Any]
Bytes = bytes | bytearray | memoryview


class ProtocolError(Exception):
    """The other side broke the protocol: the conversation is over."""


class FrameTooLarge(ValueError):
    """A message is larger than a frame may be."""


def sanitize(text: str) -> str:
    """`text` with each lone surrogate replaced by U+FFFD, each pair of them by its character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def encode_json(value: object) -> bytes:
    """Compact JSON in valid UTF-8.

    Raises:
        TypeError, ValueError: `value` is no JSON, for instance NaN.
    """
    text = ENCODER.encode(value)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return sanitize(text).encode()


class FrameWriter:
    """Writes messages to a descriptor. For one thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def send(self, message: Message) -> None:
        """Raises FrameTooLarge, TypeError, ValueError (nothing was sent), or OSError."""
        self.send_payload(encode_json(message))

    def send_payload(self, payload: bytes, blocks: Sequence[Bytes] = ()) -> None:
        """Sends encoded JSON and the blocks that its `attachments` counts, without copying them."""
        if len(payload) > MAX_FRAME_BYTES:
            raise FrameTooLarge(f"a message of {len(payload)} bytes is larger than a frame may be "
                                f"({MAX_FRAME_BYTES} bytes)")
        if not blocks:
            self._write_all([LENGTH.pack(len(payload)) + payload])
        else:
            self._write_all([LENGTH.pack(len(payload)), payload, *blocks])

    def _write_all(self, buffers: list[Bytes]) -> None:
        first = 0
        while first < len(buffers):
            written = os.writev(self._fd, buffers[first:first + MOST_BUFFERS])
            while first < len(buffers) and written >= len(buffers[first]):
                written -= len(buffers[first])
                first += 1
            if written:
                buffers[first] = memoryview(buffers[first])[written:]


class FrameReader:
    """Reads messages.

    Args:
        read: Returns exactly so many bytes, fewer only at the end of the stream.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read

    def receive(self) -> tuple[Message, list[bytes]] | None:
        """The next message and its attachments; None at the end of the stream.

        Raises:
            ProtocolError: A broken frame.
        """
        head = self._read(LENGTH.size)
        if not head:
            return None
        if len(head) < LENGTH.size:
            raise ProtocolError("the stream ended inside of a frame")
        (length,) = LENGTH.unpack(head)
        if length > MAX_FRAME_BYTES:
            raise ProtocolError(f"a frame claims {length} bytes, {MAX_FRAME_BYTES} are allowed")
        try:
            message = json.loads(self._exactly(length))
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"a frame's payload is no JSON: {error}") from error
        if not isinstance(message, dict):
            raise ProtocolError("a frame's payload is no JSON object")
        return message, [self._exactly(count) for count in _block_sizes(message)]

    def _exactly(self, count: int) -> bytes:
        data = self._read(count) if count else b""
        if len(data) < count:
            raise ProtocolError("the stream ended inside of a frame")
        return data


def _block_sizes(message: Message) -> list[int]:
    sizes = message.get("attachments")
    if sizes is None:
        return []
    if not isinstance(sizes, list) or not all(type(size) is int and 0 <= size <= MAX_BLOCK_BYTES
                                              for size in sizes) or sum(sizes) > MAX_BLOCKS_BYTES:
        raise ProtocolError("'attachments' is no list of byte counts within the limits")
    return sizes
