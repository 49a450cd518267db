"""What a model is asked, what it answers, and the interface that it implements."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ._schema import check_call

__all__ = ["Finish", "ModelInterface", "Request", "Usage"]

FINISH_REASONS = ("stop", "length", "cancelled")


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Usage:
    """Tokens that the model really counted; None for what it did not.

    Example:
        >>> Usage(prompt_tokens=12, completion_tokens=3).completion_tokens
        3
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def __post_init__(self) -> None:
        for name, count in (("prompt_tokens", self.prompt_tokens),
                            ("completion_tokens", self.completion_tokens)):
            if count is not None and (type(count) is not int or count < 0):
                raise TypeError(f"Usage.{name} is {count!r}: give an int that is not negative, "
                                "or None where nothing was counted")


@dataclass(frozen=True)
class Finish:
    """How an answer ended; what `ModelInterface.generate` may return.

    Attributes:
        reason: `stop`, or `length` if `max_tokens` cut the answer (`cancelled` is the worker's).
        usage: Counted tokens, if any were.

    Example:
        >>> Finish("length", Usage(completion_tokens=100)).reason
        'length'
    """

    reason: str = "stop"
    usage: Usage | None = None

    def __post_init__(self) -> None:
        if self.reason not in FINISH_REASONS:
            raise ValueError(f"Finish.reason is {self.reason!r}: give one of "
                             f"{', '.join(FINISH_REASONS)}")


@dataclass(frozen=True)
class Request:
    """One question about some images.

    Attributes:
        text: The user's texts, joined by line breaks.
        system: The system prompt; empty if there is none.
        images: Files with the images, in order. They are gone when the request has ended.
        messages: The whole conversation in the form of OpenAI's chat API; each image part is
            `{"type": "image", "path": "/absolute/file"}`.
        params: Sampling parameters (`max_tokens`, `temperature`, `seed`, ...). Ignore those that
            mean nothing to the model.

    Example:
        >>> Request(text="What is the total?", params={"max_tokens": 20}).cancelled
        False
    """

    text: str = ""
    system: str = ""
    images: Sequence[Path] = ()
    messages: Sequence[Mapping[str, Any]] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    is_cancelled: Callable[[], bool] = field(default=_never, repr=False, compare=False)

    @property
    def cancelled(self) -> bool:
        """True as soon as nobody waits for the answer any more: end early if that is cheap.

        A model that yields pieces need not look: it is stopped at its next piece. May be read from
        any thread.
        """
        return self.is_cancelled()


class ModelInterface:
    """A model: loaded once, then asked one request at a time, always from the main thread.

    `params_schema`, a JSON Schema (draft-07) of `load`'s parameters, is made from the signature of
    `load` where the class has none.

    Example:
        >>> class Echo(ModelInterface):
        ...     def load(self, *, times: int = 1) -> None:
        ...         self.times = times
        ...     def generate(self, request):
        ...         for _ in range(self.times):
        ...             yield request.text
        >>> echo = Echo()
        >>> echo.load(times=2)
        >>> list(echo.generate(Request(text="hi")))
        ['hi', 'hi']
    """

    params_schema: ClassVar[Mapping[str, Any] | None] = None

    if TYPE_CHECKING:
        # Any signature may override it.
        def load(self, *args: Any, **params: Any) -> None: ...
    else:
        def load(self) -> None:
            """Loads weights and whatever takes long. Override it with named parameters.

            Heavy imports belong here, too: the host waits 10 s for the module to be imported.
            """

    def generate(self, request: Request) -> Iterator[str] | str:
        """Answers one request.

        Yield pieces of the answer as they are made; `return Finish(...)` at the end says more than
        "it stopped by itself". A model that cannot stream returns the answer.

        Raises:
            PluginError: With the kind of failure. Any exception costs this request alone.
        """
        raise NotImplementedError(f"{type(self).__name__} has no generate(self, request)")

    def unload(self) -> None:
        """Frees what `load` took. Called once before the process ends."""


class FunctionModel(ModelInterface):
    """The model that a plain function is: `function(request, **params)`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._params: dict[str, Any] = {}

    def load(self, **params: Any) -> None:
        check_call(self._function, params, positional=1)
        self._params = params

    def generate(self, request: Request) -> Any:
        return self._function(request, **self._params)


def streams(generate: Callable[..., Any]) -> bool:
    """Whether `generate` yields its answer in pieces."""
    return inspect.isgeneratorfunction(inspect.unwrap(generate))
