"""One self-check in progress: the worker in use, and the report that grows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .._protocol import Message
from . import _explain
from ._host import WorkerGone, WorkerHost, WorkerHung, WorkerSpec
from ._report import Finding, Report

MOST_STARTS = 8


class Stop(Exception):
    """Nothing more can be checked."""


class Session:
    """Holds at most one worker; `worker()` starts and loads another when the last one broke."""

    def __init__(self, spec: WorkerSpec, params: dict[str, Any], report: Report) -> None:
        self.spec = spec
        self.report = report
        self._params = params
        self._worker: WorkerHost | None = None
        self._starts = 0
        self._next_id = 0
        self.probe: dict[str, Any] = {}
        self.loaded: Message = {}  # what was answered to `load`

    def found(self, code: str, message: str, fix: str) -> None:
        self.add(Finding(code, message, fix))

    def add(self, finding: Finding) -> None:
        """Takes a finding; one of the same code and fix is enough."""
        if all((finding.code, finding.fix) != (old.code, old.fix) for old in self.report.findings):
            self.report.findings.append(finding)

    def add_error(self, doing: str, error: Message, code: str) -> None:
        self.add(_explain.error_finding(doing, error, code, self.spec.limits.memory_mb,
                                        self.spec.kind))

    @contextlib.contextmanager
    def check(self, title: str, if_hung: Finding | None = None) -> Iterator[None]:
        """One check: passed if it found nothing and the worker survived it.

        A worker that died is replaced by the next check; one that hangs ends the self-check.
        """
        before = len(self.report.findings)
        try:
            yield
        except WorkerGone as gone:
            self.close()
            self.add(_explain.gone_finding(title, str(gone)))
        except WorkerHung:
            self.close()
            self.add(if_hung or _explain.hung_finding(title, self.spec.limits.timeout_s))
            raise Stop from None
        else:
            if len(self.report.findings) == before:
                self.report.passed.append(title)

    # --- The worker ---

    def new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def start(self, hash_seed: int = 1) -> WorkerHost:
        """Another worker, not loaded."""
        self.close()
        if self._starts == MOST_STARTS:
            raise Stop
        self._starts += 1
        spec = self.spec if self._starts == 1 else self.spec.without_samples()
        self._worker = spec.start(hash_seed)
        return self._worker

    def start_loaded(self, hash_seed: int = 1) -> WorkerHost:
        """Another worker, loaded; raises Stop, WorkerGone or WorkerHung if it cannot be."""
        worker = self.start(hash_seed)
        if worker.ask(self.load_message)["type"] != "loaded":
            raise Stop
        return worker

    def worker(self) -> WorkerHost:
        """The loaded worker, or another one."""
        return self._worker or self.start_loaded()

    @property
    def load_message(self) -> Message:
        return {"type": "load", "params": self._params}

    def ask(self, message: Message) -> Message:
        """Asks a loaded worker, with an id of its own."""
        return self.worker().ask(message | {"id": self.new_id()})

    @property
    def has_worker(self) -> bool:
        return self._worker is not None

    def take(self) -> WorkerHost | None:
        """The worker, which is the caller's now; None if there is none."""
        worker, self._worker = self._worker, None
        return worker

    def close(self) -> None:
        if worker := self.take():
            worker.__exit__()
