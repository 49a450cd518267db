"""Exceptions that a plug-in raises to say what kind of failure it met."""

from __future__ import annotations

__all__ = ["BadImageError", "BadRequestError", "PluginError", "UnsupportedError"]


class PluginError(Exception):
    """A failure that the host should know by its kind. Any other exception is told as `internal`.

    Attributes:
        code: The protocol's error code.
        retryable: Whether the same request may succeed a little later.

    Example:
        >>> PluginError("the server is busy", retryable=True).retryable
        True
    """

    code = "internal"

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class BadRequestError(PluginError):
    """The request itself is wrong, and would be so for any model.

    Example:
        >>> BadRequestError("needs two images").code
        'bad_request'
    """

    code = "bad_request"


class BadImageError(PluginError):
    """An image cannot be read.

    Example:
        >>> BadImageError("page.png is cut off").code
        'bad_image'
    """

    code = "bad_image"


class UnsupportedError(PluginError):
    """The request is well formed and beyond what this plug-in does.

    Example:
        >>> UnsupportedError("no images, please").code
        'unsupported'
    """

    code = "unsupported"


class ContractError(PluginError):
    """The plug-in did what its interface does not allow: `problem`; `todo` says what to do."""

    PREFIX = "contract broken: "

    def __init__(self, problem: str, todo: str) -> None:
        super().__init__(self.PREFIX + with_todo(problem, todo))


TODO = ". To do: "


def with_todo(problem: str, todo: str) -> str:
    """A message that says what to do; `self_check` takes it apart again."""
    return problem + TODO + todo


def shown(value: object) -> str:
    """The type and the beginning of a value, for messages."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:60] + '...'}"
