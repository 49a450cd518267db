"""What a model is asked, what it answers, and the interface that it implements."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ._schema import check_call
from .errors import ContractError, shown

__all__ = ["Finish", "ModelInterface", "Request", "Usage"]

FINISH_REASONS = ("stop", "length", "cancelled")
MOST_TOGETHER = 256  # requests


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
            _check_count(f"Usage.{name}", count)


def _check_count(name: str, count: object) -> None:
    if count is not None and (type(count) is not int or count < 0):
        raise TypeError(f"{name} is {count!r}: give an int that is not negative, or None where "
                        "nothing was counted")


@dataclass(frozen=True)
class Finish:
    """How an answer ended; what `ModelInterface.generate` may return.

    Attributes:
        reason: `stop`, or `length` if `max_tokens` cut the answer (`cancelled` is the worker's).
        usage: Counted tokens, if any were.
        gpu_memory_bytes: The most memory of its GPUs that the model's tensors took at a time since
            the start, as its framework counts it (PyTorch: `max_memory_allocated`, the sum of the
            devices in use). None without a GPU, or where nothing counts.

    Example:
        >>> Finish("length", Usage(completion_tokens=100)).reason
        'length'
    """

    reason: str = "stop"
    usage: Usage | None = None
    gpu_memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.reason not in FINISH_REASONS:
            raise ValueError(f"Finish.reason is {self.reason!r}: give one of "
                             f"{', '.join(FINISH_REASONS)}")
        if self.usage is not None and not isinstance(self.usage, Usage):
            raise TypeError(f"Finish.usage is {self.usage!r}: give Usage(...), or None")
        _check_count("Finish.gpu_memory_bytes", self.gpu_memory_bytes)


@dataclass(frozen=True)
class Request:
    """One question about some images.

    Attributes:
        text: The user's texts, joined by line breaks.
        system: The system prompt; empty if there is none.
        images: Files with the images, in order. They are gone when the request, or the batch that
            it is in, has ended.
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
    """A model: loaded once, then asked, always from the main thread.

    `params_schema`, a JSON Schema (draft-07) of `load`'s parameters, is made from the signature of
    `load` where the class has none.

    `batch_size` is the number of requests that are answered together, 1 to 256; `load` may set it
    on self. It is 1 for a model that is asked by `generate`, one request at a time; with more,
    `generate_batch` is called instead.

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
    batch_size: int = 1

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

        Yield pieces of the answer as they are made. `return Finish(...)` at the end says more than
        "it stopped by itself"; the method is then annotated `Generator[str, None, Finish]`. A
        model that cannot stream returns the answer.

        Raises:
            PluginError: With the kind of failure. Any exception costs this request alone.
        """
        raise NotImplementedError(f"{type(self).__name__} has no generate(self, request)")

    def generate_batch(self, requests: Sequence[Request],
                       ) -> Iterator[tuple[int, str | Finish | Exception]]:
        """Answers some requests together; called instead of `generate` if `batch_size` is above 1.

        Yield `(index, piece)` for each piece of the answer to `requests[index]` as it is made, in
        any order between the requests; `(index, Finish(...))` when that one is answered, at once,
        since its client waits for that; `(index, exception)` when that one failed. Requests that
        were not ended when the generator ends have ended with `Finish()`. What is yielded for a
        request that was cancelled meanwhile is dropped.

        Args:
            requests: 1 to `batch_size` of them, as many as wait at that time.

        Raises:
            PluginError: With the kind of failure. Any exception costs all requests that were not
                ended.

        Example:
            >>> class Echo(ModelInterface):
            ...     batch_size = 8
            ...     def generate_batch(self, requests):
            ...         for index, request in enumerate(requests):
            ...             if request.images:
            ...                 yield index, ValueError("no images, please")
            ...             else:
            ...                 yield index, request.text
            ...                 yield index, Finish("stop", Usage(completion_tokens=1))
            >>> for index, piece in Echo().generate_batch([Request("a"), Request("b")]):
            ...     print(index, piece if isinstance(piece, str) else piece.reason)
            0 a
            0 stop
            1 b
            1 stop
        """
        raise NotImplementedError(f"{type(self).__name__} has no generate_batch(self, requests)")

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


def streams(target: Any) -> bool:
    """Whether a model, a class or a function, yields its answers in pieces."""
    if isinstance(target, type) and issubclass(target, ModelInterface):
        alone = target.generate is not ModelInterface.generate
        return streams(target.generate if alone else target.generate_batch)
    return inspect.isgeneratorfunction(inspect.unwrap(target))


def batch_size_of(instance: Any) -> int:
    """The `batch_size` of a loaded model; raises ContractError for one that cannot be."""
    size = instance.batch_size
    if type(size) is not int or not 1 <= size <= MOST_TOGETHER:
        raise ContractError(f"batch_size is {shown(size)}", f"set it to an int from 1 to "
                            f"{MOST_TOGETHER}, or leave it out: 1, one request at a time")
    own = getattr(instance.generate_batch, "__func__", None)
    if size > 1 and own is ModelInterface.generate_batch:
        raise ContractError(f"batch_size is {size}, and {type(instance).__name__} has no "
                            "generate_batch()", "write generate_batch(self, requests), or leave "
                            "batch_size out")
    return size
