"""What the host is told of an exception."""

from __future__ import annotations

import os
import traceback

from .errors import ContractError, PluginError

PACKAGE_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
MAX_MESSAGE_CHARS = 4_000
MAX_TRACEBACK_CHARS = 8_000

# What plug-ins may raise and a request survives. Not KeyboardInterrupt and GeneratorExit.
CAUGHT = (Exception, SystemExit)


def code_of(error: BaseException, default: str = "internal") -> str:
    """The protocol's error code for `error`."""
    if isinstance(error, PluginError):
        return error.code
    # PyTorch's and JAX's own ones are no MemoryError.
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "out_of_memory"
    return default


def message_of(error: BaseException) -> str:
    """One line or more for people."""
    if isinstance(error, PluginError):
        text = str(error) or type(error).__name__
    elif isinstance(error, SystemExit):
        text = str(ContractError(f"it called sys.exit({error.code!r})",
                                 "raise an exception instead"))
    else:
        text = f"{type(error).__name__}: {error}"
    return text if len(text) <= MAX_MESSAGE_CHARS else text[:MAX_MESSAGE_CHARS] + "..."


def traceback_of(error: BaseException) -> str:
    """The traceback without this package's own frames; its end if it is long."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(PACKAGE_FOLDER):
        frame = frame.tb_next
    text = "".join(traceback.format_exception(type(error), error, frame or error.__traceback__))
    return text if len(text) <= MAX_TRACEBACK_CHARS else "..." + text[-MAX_TRACEBACK_CHARS:]
