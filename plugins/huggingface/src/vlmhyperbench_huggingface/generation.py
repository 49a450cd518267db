"""Answers of a model, token by token."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Limit", "TokenStream"]

END = object()


@dataclass(frozen=True)
class Limit:
    """When one answer ends that does not end by itself."""

    max_tokens: int
    is_cancelled: Callable[[], bool]


class TokenStream:
    """Runs `generate` in a thread and gives each row's tokens as soon as they are there.

    transformers calls back for tokens while `generate` works, so one of the two needs a thread. The
    queue holds what the reader has not taken: at most the answers, integers.

    `close` ends the thread at its next token and waits for it, so that one batch's work never
    overlaps the next one's.

    Args:
        limits: One for each row of `inputs`.
        ends: Tokens that end a row.
    """

    def __init__(self, generate: Callable[..., Any], inputs: Mapping[str, Any],
                 options: Mapping[str, Any], limits: Sequence[Limit],
                 ends: Collection[int]) -> None:
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._limits = limits
        self._ends = ends
        self._dropped = [False] * len(limits)  # by the reader
        self._stopping = [False] * len(limits)  # at the token that comes next
        self._ended = [False] * len(limits)
        self._prompt_is_told = False
        self._count = 0  # tokens of each row
        longest = max(limit.max_tokens for limit in limits)
        self._thread = threading.Thread(
            target=self._run, args=(generate, inputs, {**options, "max_new_tokens": longest}),
            name="generate", daemon=True)

    def __iter__(self) -> Iterator[tuple[int, int | None]]:
        """(row, token) for each token, (row, None) at the end of a row.

        Raises:
            Exception: The model's, if it failed; not all rows have ended then.
        """
        self._thread.start()
        while (event := self._events.get()) is not END:
            if isinstance(event, Exception):
                raise event
            yield event

    def drop(self, row: int) -> None:
        """Ends a row at its next token."""
        self._dropped[row] = True

    def close(self) -> None:
        """Ends the work, also an unfinished one. May be called twice."""
        self._dropped = [True] * len(self._limits)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self, generate: Callable[..., Any], inputs: Mapping[str, Any],
             options: Mapping[str, Any]) -> None:
        try:
            generate(**inputs, **options, streamer=self, stopping_criteria=[self._must_stop])
        except Exception as error:
            self._events.put(error)
        for row, ended in enumerate(self._ended):
            if not ended:
                self._events.put((row, None))
        self._events.put(END)

    def _must_stop(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Called with each token, before `put`."""
        self._stopping = [dropped or self._count + 1 >= limit.max_tokens or limit.is_cancelled()
                          for dropped, limit in zip(self._dropped, self._limits)]
        return input_ids.new_tensor(self._stopping, dtype=bool)

    # What transformers asks of a streamer.

    def put(self, value: Any) -> None:
        """Takes the prompts first, then a token of each row; of an ended row that is padding."""
        if not self._prompt_is_told:
            self._prompt_is_told = True
            return
        self._count += 1
        for row, token in enumerate(value.flatten().tolist()):
            if self._ended[row]:
                continue
            self._events.put((row, token))
            if self._stopping[row] or token in self._ends:
                self._ended[row] = True
                self._events.put((row, None))

    def end(self) -> None:
        """Nothing: `_run` says the end, also after a failure."""
