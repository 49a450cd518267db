"""Messages of a model's host, read ahead."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from ._protocol import FrameReader, Message

MOST_WAITING = 4  # messages; a host sends one request at a time, unless it was told another number

# How long the first request of a batch waits for others. When a batch ends, its clients' next
# requests come within moments of each other: without the wait the first of them would be answered
# alone, and batches would alternate between one request and all but one.
GATHER_S = 0.010


class Inbox:
    """Messages of the host, read by a thread of its own, so that `cancel` is seen during work."""

    def __init__(self, reader: FrameReader) -> None:
        self._reader = reader
        self._queue: queue.SimpleQueue[Message | None | BaseException] = queue.SimpleQueue()
        self._room = threading.Semaphore(MOST_WAITING)
        self._held: list[Message | None | BaseException] = []  # taken, and no part of a batch
        self._taken: list[Message] = []  # in work
        self._cancelled: set[int] = set()
        self._open: set[int] = set()
        self._gone = False
        threading.Thread(target=self._read, name="vlmhyperbench-reader", daemon=True).start()

    def __iter__(self) -> Iterator[Message]:
        while (item := self._held.pop() if self._held else self._get(None)) is not None:
            if isinstance(item, BaseException):
                raise item
            self._taken = [item]
            yield item
            for message in self._taken:
                if (request_id := _generate_id(message)) is not None:
                    self._open.discard(request_id)
                    self._cancelled.discard(request_id)
            self._taken = []

    def take_more(self, most: int) -> list[Message]:
        """Up to `most` requests to go with the one in work: those that wait or come very soon."""
        deadline = time.monotonic() + GATHER_S
        ids = {_generate_id(message) for message in self._taken}
        more: list[Message] = []
        while len(more) < most:
            try:
                item = self._get(max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            request_id = _generate_id(item) if isinstance(item, dict) else None
            if not isinstance(item, dict) or request_id is None or request_id in ids:
                self._held.append(item)
                break
            ids.add(request_id)
            more.append(item)
        self._taken += more
        return more

    def allow(self, count: int) -> None:
        """Lets the host have `count` requests under way, for which there must be room. Once."""
        if count > MOST_WAITING:
            self._room.release(count - MOST_WAITING)

    def is_cancelled(self, request_id: int) -> bool:
        """Whether the host wants no answer to an unfinished request. From any thread."""
        return self._gone or request_id in self._cancelled

    @property
    def any_cancelled(self) -> bool:
        """Whether `is_cancelled` is true of any request."""
        return self._gone or bool(self._cancelled)

    def _get(self, timeout_s: float | None) -> Message | None | BaseException:
        item = self._queue.get(timeout=timeout_s)
        self._room.release()
        return item

    def _put(self, item: Message | None | BaseException) -> None:
        self._room.acquire()
        self._queue.put(item)

    def _read(self) -> None:
        try:
            while (received := self._reader.receive()) is not None:
                message = received[0]
                if message.get("type") == "cancel":
                    self._cancel(message.get("id"))
                    continue
                if (request_id := _generate_id(message)) is not None:
                    self._cancelled.discard(request_id)  # of an earlier request with that id
                    self._open.add(request_id)
                self._put(message)
                if message.get("type") == "shutdown":
                    return
            self._gone = True
            self._put(None)
        except BaseException as error:
            self._gone = True
            self._put(error)

    def _cancel(self, request_id: Any) -> None:
        if type(request_id) is int and request_id in self._open:  # else it is answered already
            self._cancelled.add(request_id)


def _generate_id(message: Message) -> int | None:
    request_id = message.get("id")
    return request_id if message.get("type") == "generate" and type(request_id) is int else None
