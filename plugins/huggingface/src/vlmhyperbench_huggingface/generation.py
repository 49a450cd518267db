"""One answer of a model, token by token."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["TokenStream"]

END = object()


class TokenStream:
    """Runs `generate` in a thread and gives each token as soon as it is there.

    transformers calls back for tokens while `generate` works, so one of the two needs a thread. The
    queue holds what the reader has not taken: at most the answer, integers.

    `close` ends the thread at its next token and waits for it, so that one answer's work never
    overlaps the next one's.
    """

    def __init__(self, generate: Callable[..., Any], inputs: Mapping[str, Any],
                 options: Mapping[str, Any], is_cancelled: Callable[[], bool]) -> None:
        self._tokens: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._is_cancelled = is_cancelled
        self._closed = threading.Event()
        self._prompt_is_told = False
        self._thread = threading.Thread(target=self._run, args=(generate, inputs, options),
                                        name="generate", daemon=True)

    def __iter__(self) -> Iterator[int]:
        """Tokens until the model ends; then the model's exception, if it failed."""
        self._thread.start()
        while (item := self._tokens.get()) is not END:
            if isinstance(item, Exception):
                raise item
            yield item

    def close(self) -> None:
        """Ends the work, also an unfinished one. May be called twice."""
        self._closed.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self, generate: Callable[..., Any], inputs: Mapping[str, Any],
             options: Mapping[str, Any]) -> None:
        try:
            generate(**inputs, **options, streamer=self, stopping_criteria=[self._must_stop])
        except Exception as error:
            self._tokens.put(error)
        self._tokens.put(END)

    def _must_stop(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        stop = self._closed.is_set() or self._is_cancelled()
        return input_ids.new_full((input_ids.shape[0],), stop, dtype=bool)

    # What transformers asks of a streamer.

    def put(self, value: Any) -> None:
        """Takes the prompt first, then tokens."""
        if self._prompt_is_told:
            for token in value.flatten().tolist():
                self._tokens.put(token)
        self._prompt_is_told = True

    def end(self) -> None:
        """Nothing: `_run` says the end, also after a failure."""
