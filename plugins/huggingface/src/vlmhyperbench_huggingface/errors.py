"""What went wrong in torch or transformers, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Iterator

from vlmhyperbench import PluginError

__all__ = ["LoadError", "OutOfMemory", "first_line", "is_out_of_memory", "load_error",
           "request_error"]


class OutOfMemory(PluginError):
    """The device has too little memory for this request or model."""

    code = "out_of_memory"


class LoadError(PluginError):
    """The model cannot be loaded."""

    code = "load_failed"


TOKEN_ADVICE = ("Ask for access on the model's page, then give a token by reference: "
                "model_params: {token: \"${env:HF_TOKEN}\"}")
NETWORK_ADVICE = ("Give `network: true` in the model's registry entry if it is to be downloaded, or a "
                  "folder with the model as `model`, or fill the cache (HF_HOME) beforehand")

# Names of exceptions anywhere in the chain of causes, the special before the general.
LOAD_ADVICE = {
    "GatedRepoError": TOKEN_ADVICE,
    "RepositoryNotFoundError": f"Correct `model`: a folder, or OWNER/NAME. If it is private: "
                               f"{TOKEN_ADVICE[0].lower()}{TOKEN_ADVICE[1:]}",
    "RevisionNotFoundError": "Correct `revision`: a branch, tag or commit of the model's repository",
    "OfflineModeIsEnabled": NETWORK_ADVICE,
    "LocalEntryNotFoundError": NETWORK_ADVICE,
    "ConnectError": NETWORK_ADVICE,
    "ConnectionError": NETWORK_ADVICE,
}


def load_error(model: str, error: Exception) -> PluginError:
    """The error of `load` that tells of `error` and what to do about it."""
    if is_out_of_memory(error):
        return OutOfMemory(f"loading {model}: not enough memory ({first_line(error)}). Give "
                           "dtype: bfloat16, another device, or a smaller model")
    if isinstance(error, ModuleNotFoundError):
        return LoadError(f"loading {model}: it needs the Python package {error.name!r}, which is not "
                         "installed. Add it to `packages` of the model's registry entry")
    if "trust_remote_code" in str(error):
        return LoadError(f"loading {model}: it brings Python code of its own, which is not run "
                         "unasked. Read that code; then give `trust_remote_code: true` and pin "
                         "`revision`, since its owner can change the code at any time")
    advice = next((LOAD_ADVICE[name] for name in _names(error) if name in LOAD_ADVICE), "")
    text = f"loading {model}: {type(error).__name__}: {first_line(error)}"
    return LoadError(f"{text}. {advice}" if advice else text)


def request_error(error: Exception, device: str) -> Exception:
    """`error` of an answer, or a clearer one where there is one."""
    if is_out_of_memory(error):
        return OutOfMemory(f"not enough memory on {device} ({first_line(error)}). Lower `batch_size`, "
                           "`max_pixels` (smaller images), `max_tokens`, or give dtype: bfloat16 or another "
                           "attn_implementation")
    return error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python ran out of memory; torch's CPU allocator has no exception for it."""
    return (isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
            or "can't allocate memory" in str(error))


def _names(error: BaseException) -> Iterator[str]:
    cause: BaseException | None = error
    while cause is not None:
        yield from (base.__name__ for base in type(cause).__mro__)
        cause = cause.__cause__ or cause.__context__


def first_line(error: BaseException) -> str:
    """The first line of its text, for messages."""
    lines = str(error).strip().splitlines()
    return lines[0][:400] if lines else type(error).__name__
