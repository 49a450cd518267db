"""The worker process of a self-check: its own session, limits, and a deadline for everything."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .._protocol import LENGTH, FrameReader, Message, ProtocolError, encode_json

KEPT_ERROR_BYTES = 64 << 10
SHOWN_ERROR_CHARS = 1_500
# What a stage's environment has; everything else must come as parameters.
KEPT_VARIABLES = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")


class WorkerGone(Exception):
    """The worker ended, or broke the protocol."""


class WorkerHung(Exception):
    """Nothing came within the time limit."""


@dataclass(frozen=True)
class Limits:
    """Limits of a worker: seconds for one answer, MB (10^6 bytes) of memory, seconds to exit."""

    timeout_s: float = 60
    hello_timeout_s: float = 10
    memory_mb: int = 4000
    exit_timeout_s: float = 5


@dataclass(frozen=True)
class WorkerSpec:
    """How to start a worker."""

    kind: str
    name: str
    limits: Limits
    env: Mapping[str, str] = field(default_factory=dict)
    samples_folder: Path | None = None

    def start(self, hash_seed: int = 1) -> WorkerHost:
        return WorkerHost(self, hash_seed)

    def without_samples(self) -> WorkerSpec:
        """The same, without asking the plug-in for samples of its own."""
        return replace(self, samples_folder=None)


class WorkerHost:
    """One worker process. Use it as a context: leaving it kills whatever is left."""

    def __init__(self, spec: WorkerSpec, hash_seed: int) -> None:
        self.limits = spec.limits
        self._deadline = 0.0
        self._folder = tempfile.TemporaryDirectory(prefix="vlmhb-self-check-")
        probe = Path(self._folder.name) / "probe.json"
        self._probe = probe
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vlmhyperbench._probe", str(spec.limits.memory_mb),
             str(probe), str(spec.samples_folder or ""), spec.kind, spec.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
            start_new_session=True, env=_environment(spec.env, self._folder.name, hash_seed))
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._input, self._output = self._process.stdin, self._process.stdout
        os.set_blocking(self._input.fileno(), False)
        self._reader = FrameReader(self._read)
        self.error_bytes = 0
        self._errors = b""
        self._drain = threading.Thread(target=self._drain_errors, daemon=True)
        self._drain.start()

    def __enter__(self) -> WorkerHost:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._input.close()
        self._output.close()
        self._folder.cleanup()

    # --- Messages ---

    def ask(self, message: Message, timeout_s: float | None = None) -> Message:
        """Sends `message` and returns the answer; raises WorkerGone or WorkerHung."""
        self.send(message, timeout_s)
        return self.receive()[0]

    def send(self, message: Message, timeout_s: float | None = None) -> None:
        """Sends `message`; the answers to it must all come within `timeout_s` from now."""
        self.send_all([message], timeout_s)

    def send_all(self, messages: Sequence[Message], timeout_s: float | None = None) -> None:
        """As `send`, at once, so that the worker finds them together."""
        self.allow(timeout_s or self.limits.timeout_s)
        payloads = map(encode_json, messages)
        self._write(b"".join(LENGTH.pack(len(payload)) + payload for payload in payloads))

    def allow(self, seconds: float) -> None:
        """Moves the deadline to so many seconds from now."""
        self._deadline = time.monotonic() + seconds

    def receive(self) -> tuple[Message, list[bytes]]:
        try:
            received = self._reader.receive()
        except ProtocolError as error:
            raise WorkerGone(f"{error}; {self.end()}") from error
        if received is None:
            raise WorkerGone(self.end())
        return received

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._output], [], [], left)[0]:
                raise WorkerHung
            chunk = os.read(self._output.fileno(), count - len(data))
            if not chunk:
                break
            data += chunk
        return bytes(data)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([], [self._input], [], left)[1]:
                raise WorkerHung
            try:
                view = view[os.write(self._input.fileno(), view):]
            except OSError as error:
                raise WorkerGone(self.end()) from error

    # --- The process ---

    def probe(self) -> dict[str, Any]:
        """What the worker saw of the plug-in's code (_probe.py); empty if it came not so far."""
        with contextlib.suppress(OSError, ValueError):
            seen: dict[str, Any] = json.loads(self._probe.read_text("utf-8"))
            return seen
        return {}

    def wait(self, timeout_s: float) -> int | None:
        """The exit status; None if it does not exit in time."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def has_leftovers(self) -> bool:
        """Whether processes of its session still live after it ended."""
        try:
            os.killpg(self._process.pid, 0)
        except OSError:
            return False
        return True

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._drain.join(1)

    def end(self) -> str:
        """How the process ended, with the end of its standard error."""
        status = self.wait(self.limits.exit_timeout_s)
        if status is None:
            text = "it closed its output without ending"
        elif status < 0:
            text = f"it was ended by {signal.Signals(-status).name}"
        else:
            text = f"it ended with exit status {status}"
        self._drain.join(1)
        errors = self.errors()
        return f"{text}. Its last words: {errors}" if errors else text

    def errors(self) -> str:
        """The end of its standard error."""
        return self._errors.decode("utf-8", "replace").strip()[-SHOWN_ERROR_CHARS:]

    def log(self) -> str:
        """What is kept of its standard error, once it has ended."""
        self._drain.join(1)
        return self._errors.decode("utf-8", "replace")

    def _drain_errors(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with stream:
            while chunk := stream.read(64 << 10):
                self.error_bytes += len(chunk)
                self._errors = (self._errors + chunk)[-KEPT_ERROR_BYTES:]


def _environment(added: Mapping[str, str], folder: str, hash_seed: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**kept, "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8", "PYTHONPATH": path,
            "PYTHONHASHSEED": str(hash_seed), **added}
