"""What `generate_batch` yields: each piece to its request, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .errors import ContractError, shown
from .model import Finish, Request

WHAT_TO_YIELD = "yield (index, text) for a piece, and (index, Finish(...)) or (index, exception) " \
                "at the end of a request"


@dataclass
class Asked:
    """A request in work.

    Attributes:
        ended: Its client was told the end.
        dropped: It was cancelled: what the model still says of it is nobody's.
    """

    request_id: int
    request: Request
    images: Sequence[Path]
    ended: bool = False
    dropped: bool = False


class Teller(Protocol):
    """Tells the host of requests."""

    def tell_piece(self, asked: Asked, text: str) -> None: ...

    def tell_end(self, asked: Asked, finish: Finish) -> None: ...

    def tell_failure(self, asked: Asked, error: Exception) -> None: ...


class Batch:
    """Requests that are answered together.

    Args:
        any_cancelled: Whether it is worth to look for requests that were cancelled.
    """

    def __init__(self, asked: Sequence[Asked], teller: Teller,
                 any_cancelled: Callable[[], bool]) -> None:
        self._asked = asked
        self._teller = teller
        self._any_cancelled = any_cancelled

    @property
    def left(self) -> list[Asked]:
        """Requests that were not ended."""
        return [asked for asked in self._asked if not asked.ended]

    def follow(self, answers: object) -> None:
        """Tells what the model yields, until it ends or nobody waits for it any more.

        Raises:
            ContractError: The model yields what it may not.
            Exception: The model's own.
        """
        if not isinstance(answers, Iterator):
            raise ContractError(f"generate_batch() returned {shown(answers)}",
                                f"make it a generator: {WHAT_TO_YIELD}")
        with ExitStack() as stack:
            if close := getattr(answers, "close", None):
                stack.callback(close)
            while not self._drop_cancelled():
                try:
                    item = next(answers)
                except StopIteration:
                    break
                asked, answer = self._checked(item)
                self._drop_cancelled()
                if not asked.dropped:
                    self._tell(asked, answer)
        for asked in self.left:
            self._end(asked, Finish())

    def _drop_cancelled(self) -> bool:
        """Ends requests that were cancelled; whether the model can be stopped, too."""
        if not self._any_cancelled():
            return False
        for asked in self.left:
            if asked.request.cancelled:
                asked.dropped = True
                self._end(asked, Finish("cancelled"))
        return not self.left

    def _checked(self, item: object) -> tuple[Asked, str | Finish | Exception]:
        if not isinstance(item, tuple) or len(item) != 2:
            raise ContractError(f"generate_batch() yielded {shown(item)}", WHAT_TO_YIELD)
        index, answer = item
        if type(index) is not int:
            raise ContractError(f"generate_batch() yielded {shown(item)}, whose index is no int",
                                WHAT_TO_YIELD)
        if not 0 <= index < len(self._asked):
            raise ContractError(f"generate_batch() yielded the index {index} for a batch of "
                                f"{len(self._asked)}", "an index is the request's place in "
                                "`requests`, from 0; there may be fewer than batch_size")
        if not isinstance(answer, (str, Finish, Exception)):
            raise ContractError(f"generate_batch() yielded {shown(item)}", WHAT_TO_YIELD)
        asked = self._asked[index]
        if asked.ended and not asked.dropped:
            raise ContractError(f"generate_batch() yielded {shown(answer)} for the request with "
                                f"the index {index}, which had ended", "yield nothing more of a "
                                "request after its Finish or exception")
        return asked, answer

    def _tell(self, asked: Asked, answer: str | Finish | Exception) -> None:
        if isinstance(answer, str):
            self._teller.tell_piece(asked, answer)
        elif isinstance(answer, Finish):
            self._end(asked, answer)
        else:
            self._teller.tell_failure(asked, answer)
            asked.ended = True

    def _end(self, asked: Asked, finish: Finish) -> None:
        self._teller.tell_end(asked, finish)
        asked.ended = True
