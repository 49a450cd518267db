"""Checks of every kind of plug-in: import, what it says of itself, loading, exit."""

from __future__ import annotations

import re
import time
from typing import Any

from .._protocol import PROTOCOL
from ..errors import ContractError
from . import _explain
from ._draft7 import default_problems, schema_problems, why_invalid
from ._host import WorkerHost
from ._report import Finding
from ._session import Session, Stop

SLOW_IMPORT_PART = 0.5  # of the host's limit
MOST_ERROR_BYTES = 1 << 20  # on standard error, in all

# PEP 440, normal forms and the usual spellings.
PEP440 = re.compile(
    r"v?(\d+!)?\d+(\.\d+)*[-_.]?((a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?"
    r"(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.IGNORECASE)


def check_hello(session: Session) -> dict[str, Any]:
    """Starts a worker and returns its `hello`; raises Stop without one."""
    limits = session.spec.limits
    hung = Finding("import_hangs", f"It said no hello within {limits.hello_timeout_s:g} s of its "
                   "start.", "Do no work when the module is imported: move it, and heavy imports, "
                   "into load().")
    with session.check("it is imported and says hello", if_hung=hung):
        began = time.monotonic()
        worker = session.start()
        hello = worker.ask({"type": "hello", "protocol": PROTOCOL}, limits.hello_timeout_s)
        seconds = time.monotonic() - began
        if hello["type"] == "hello":
            session.report.hello = hello
            session.probe = worker.probe()
            if seconds > limits.hello_timeout_s * SLOW_IMPORT_PART:
                session.found("slow_import", f"It took {seconds:.1f} s to be imported; the host "
                              f"waits {limits.hello_timeout_s:g} s.", "Move heavy imports into "
                              "load().")
            return hello
        finding = _explain.import_finding(hello["message"])
        if "MemoryError" in finding.message:
            finding = _explain.memory_finding("its import", limits.memory_mb)
        session.add(finding)
    raise Stop


# --- What it says of itself ---

def check_version(session: Session, hello: dict[str, Any]) -> None:
    with session.check("its version is one of PEP 440"):
        if not PEP440.fullmatch(hello["version"]):
            session.found("wrong_version", f"Version {hello['version']!r} is none of PEP 440.",
                          'Write version="1.0", for instance: configs compare versions.')
    distribution = session.probe.get("distribution")
    if distribution is None:
        return
    with session.check("its version and name are those of its package and entry point"):
        # A package with several plug-ins may well give each a version of its own.
        if session.probe["entry_points"] == 1 and hello["version"] != distribution[1]:
            session.found("version_differs", f"It has version {hello['version']!r}, its package "
                          f"{distribution[0]} {distribution[1]!r}, which has nothing else in it.",
                          "Leave version= of the decorator out: it is taken from the package.")
        if hello["name"] != session.spec.name:
            session.found("name_differs", f"Its entry point is {session.spec.name!r}, its "
                          f"decorator says {hello['name']!r}.", "Give both one name.")


def check_schema(session: Session, hello: dict[str, Any], params: dict[str, Any]) -> None:
    schema = hello.get("params_schema", {})
    with session.check("its params_schema is a JSON Schema and load() agrees with it"):
        problems = list(schema_problems(schema))
        for problem in problems:
            session.found("wrong_schema", problem + ".", "Correct params_schema, or leave it out: "
                          "it is made from the signature of load().")
        if problems:
            return
        for problem in default_problems(schema):
            session.found("wrong_default", problem + ".", "Correct the default or the schema.")
        _compare_with_load(session, schema)
        # The host reads a schema that says nothing else so.
        closed = {"type": "object", "additionalProperties": False, **schema}
        if problem := why_invalid(closed, params):
            session.found("wrong_params", f"The parameters {params} do not obey params_schema: "
                          f"{problem}.", "Give others with --params, or correct the schema.")


def _compare_with_load(session: Session, schema: dict[str, Any]) -> None:
    parameters = session.probe.get("load")
    if parameters is None:
        return
    properties = schema.get("properties", {})
    closed = schema.get("additionalProperties", False) is False
    for name, required in parameters.items():
        if name not in properties and closed:
            session.found("parameter_not_in_schema", f"load() takes {name!r}, params_schema has no "
                          "such property: nobody can set it.", f"Add {name!r} to properties.")
        elif required and name not in schema.get("required", []):
            session.found("parameter_not_required", f"load() needs {name!r}, params_schema does "
                          "not require it.", f"Give it a default, or add {name!r} to `required`.")
    for name in properties:
        if name not in parameters and not session.probe["load_is_open"]:
            session.found("property_not_in_load", f"params_schema has {name!r}, load() does not "
                          "take it.",
                          f"Add `{name}` to load()'s parameters, or remove the property.")


# --- Load and exit ---

def check_load(session: Session) -> None:
    """Loads the plug-in in the worker that said hello; raises Stop if it cannot be."""
    with session.check("it loads"):
        reply = session.worker().ask(session.load_message)
        if reply["type"] != "loaded":
            session.add_error("load()", reply, "load_failed")
            session.close()
        session.loaded = reply
    if not session.has_worker:
        raise Stop


def check_exit(session: Session) -> None:
    """Shuts the worker down."""
    worker = session.take()
    if worker is None:
        return
    limits = session.spec.limits
    with worker, session.check("it ends when it is told to"):
        worker.send({"type": "shutdown"})
        status = worker.wait(limits.exit_timeout_s)
        if status is None:
            session.found("does_not_exit", f"{limits.exit_timeout_s:g} s after `shutdown` the "
                          "process still lives.", "Stop threads and processes in unload(), or make "
                          "threads daemons: threading.Thread(daemon=True).")
        elif status != 0:
            session.found("exit_status", f"After `shutdown`: {worker.end()}",
                          "Catch exceptions in unload() and in functions for atexit.")
        elif worker.has_leftovers():
            session.found("leftover_processes", "Processes that it started live on after it.",
                          "End and join() them in unload().")
        _check_log(session, worker)


def _check_log(session: Session, worker: WorkerHost) -> None:
    """What the worker could tell nobody: of a batch whose requests had all ended."""
    for problem in re.findall(re.escape(ContractError.PREFIX) + r"(generate_batch\(\) .*)",
                              worker.log()):
        what, fix = _explain.split_todo(problem)
        session.found(_explain.contract_code(what), what, fix)
    if worker.error_bytes > MOST_ERROR_BYTES:
        session.found("print_flood", f"It printed {worker.error_bytes} bytes, which nobody "
                      "reads.", "Print less: progress bars and debug output off, and "
                      "logging.getLogger(__name__) instead of print().")
