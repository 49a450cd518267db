"""From what a worker said, or from its end, to a finding."""

from __future__ import annotations

import re

from .._protocol import Message
from ..errors import TODO, ContractError
from ._report import Finding

# Of the message that answers `hello`.
IMPORT_PROBLEMS = (
    (r"^no \w+ plug-in .* is installed", "unknown_entry_point"),
    (r"^'.*': there is no '.*' in ", "unknown_object"),
    (r"is to be in the module .* but there is no module", "unknown_module"),
    (r"failed: there is no module ", "missing_dependency"),
    (r", and no plug-in", "no_plugin"),
    (r" is a \w+, not a \w+", "wrong_kind"),
    (r" has no version", "missing_version"),
)

# Of messages and tracebacks of any error. (pattern, code, fix)
KNOWN_ERRORS = (
    (r"it called sys\.exit\(", "sys_exit", "Raise an exception instead of sys.exit()."),
    (r"EOFError: EOF when reading a line", "reads_stdin",
     "Do not call input() or read sys.stdin: there is nobody. Make it a parameter of load()."),
    (r"os\.environ[\s\S]*KeyError: ", "needs_environment",
     "Stages see no environment variables of the host: make it a parameter of load()."),
    (r"ModuleNotFoundError: No module named '([^'.]+)", "missing_dependency",
     r"Add the package that has '\1' to `dependencies` in the plug-in's pyproject.toml."),
    (r"NotImplementedError: \w+ has no (\w+\([^)]*\))", "not_implemented", r"Write the method \1."),
    (r"UnicodeDecodeError|UnicodeEncodeError", "unicode_error",
     "Name the encoding: open(..., encoding=\"utf-8\"), and let texts be any Unicode."),
)


def split_todo(text: str) -> tuple[str, str]:
    """A message of this package as (what, what to do)."""
    problem, _, todo = text.partition(TODO)
    return problem + ".", todo[:1].upper() + todo[1:] + "." if todo else ""


def import_finding(message: str) -> Finding:
    """Of the `error` that answered `hello`."""
    problem, fix = split_todo(message)
    for pattern, code in IMPORT_PROBLEMS:
        if re.search(pattern, problem):
            return Finding(code, problem, fix)
    for pattern, code, known_fix in KNOWN_ERRORS:
        if re.search(pattern, message):
            return Finding(code, problem, known_fix)
    if message.startswith("params_schema "):
        return Finding("wrong_schema", problem, "Write params_schema as JSON has it: dicts, lists, "
                       "texts, numbers, True, False and None.")
    return Finding("import_failed", problem, fix or "Correct the module.")


# What a plug-in of each kind does with input that it cannot use.
UNUSABLE_INPUT = {
    "model": "where the input cannot be used, raise BadRequestError, BadImageError or "
             "UnsupportedError.",
    "metric": "where a sample has no score, return None.",
    "task": "where the data is at fault, mend it, or check one without it (--dataset).",
}


def error_finding(doing: str, error: Message, code: str, memory_mb: int,
                  kind: str = "model") -> Finding:
    """Of the protocol's `error`, or of a sample's failure, which was answered while `doing`."""
    message = str(error.get("message", error.get("error", "")))
    trace = str(error.get("traceback", ""))
    what = f"{doing}: {message}" + (f"\n{trace}" if trace else "")
    if error.get("code") == "out_of_memory" or "MemoryError" in message:
        return memory_finding(doing, memory_mb)
    for pattern, known_code, fix in KNOWN_ERRORS:
        if match := re.search(pattern, f"{message}\n{trace}"):
            return Finding(known_code, what, match.expand(fix))
    if message.startswith(ContractError.PREFIX):
        problem, fix = split_todo(f"{doing}: {message.removeprefix(ContractError.PREFIX)}")
        return Finding(contract_code(problem), problem, fix)
    return Finding(code, what, "Correct what raised the exception; " + UNUSABLE_INPUT[kind])


def contract_code(problem: str) -> str:
    """The code of what a plug-in gave and its interface does not allow."""
    if re.search(r"returned (nan|-?inf)$|returned (nan|-?inf)\.", problem):
        return "not_finite"
    if "batch_size is " in problem:
        return "wrong_batch_size"
    if "generate_batch() yielded the index " in problem:
        return "wrong_index"
    if re.search(r"generate_batch\(\) yielded .*, which had ended", problem, re.DOTALL):
        return "answer_after_end"
    if "outside of the dataset's folder" in problem:
        return "image_outside"
    if "reference is no JSON" in problem:
        return "not_json"
    if re.search(r"field '|name of a field", problem):
        return "wrong_field"
    if "statistics() returned" in problem:
        return "wrong_width"
    return "wrong_type"


def memory_finding(doing: str, memory_mb: int) -> Finding:
    return Finding("out_of_memory", f"{doing}: it needs more than {memory_mb} MB of memory.",
                   "Take less; or allow more here with --memory-mb and say so in the registry "
                   "entry: `resources: {memory_mb: ...}`.")


def gone_finding(doing: str, end: str) -> Finding:
    """Of a worker that ended."""
    fix = "Raise an exception instead of os._exit()."
    if "SIG" in end:
        fix = ("Find the native code that crashes, for instance with python -X faulthandler; a "
               "crash costs the sample and a restart.")
    elif "Traceback" in end:
        fix = "Catch the exception that ended the process."
    return Finding("crashed", f"{doing}: the worker died: {end}", fix)


def hung_finding(doing: str, seconds: float) -> Finding:
    return Finding("hangs", f"{doing}: no answer within {seconds:g} s.",
                   "Do not wait for what may never come (locks, network, input); give every wait a "
                   "time limit. If it is only slow, allow more here with --timeout.")
