"""Runs one plug-in for its host: `python -m vlmhyperbench.worker KIND NAME`.

KIND is model, metric or task; NAME an entry point or `module:object`. The host talks to it on
standard input and output (docs/formats/plugin-protocol.md).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator

from ._failure import CAUGHT, message_of
from ._inbox import Inbox
from ._metric_service import MetricService
from ._model_service import ModelService
from ._protocol import PROTOCOL, FrameReader, FrameWriter, Message, ProtocolError
from ._registry import KINDS, Plugin, PluginNotFound, find_plugin
from ._service import Service
from ._task_service import TaskService
from .errors import BadRequestError, UnsupportedError

__all__ = ["main", "serve"]

USAGE = "usage: python -m vlmhyperbench.worker model|metric|task NAME|module:object"


def _messages(reader: FrameReader) -> Iterator[Message]:
    """Messages of the host, for plug-ins that cannot be cancelled."""
    while (received := reader.receive()) is not None:
        yield received[0]


class Session:
    """One conversation with the host."""

    def __init__(self, plugin: Plugin, service: Service, writer: FrameWriter) -> None:
        self._plugin = plugin
        self._service = service
        self._writer = writer

    def run(self, messages: Iterator[Message]) -> None:
        """Answers until `shutdown` or the end of the stream; OSError if the host went away."""
        for message in messages:
            kind = message.get("type")
            if kind == "shutdown":
                break
            if kind == "hello":
                self._hello(message)
            elif kind == "load":
                self._load(message)
            elif isinstance(kind, str) and kind in self._service.requests:
                self._service.answer(message)
            else:
                self._unknown(kind)
        self._service.unload()

    def _hello(self, message: Message) -> None:
        protocol = message.get("protocol")
        if protocol != PROTOCOL:
            self._service.fail(None, UnsupportedError(
                f"this plug-in speaks protocol {PROTOCOL}, not {protocol!r}"))
            return
        reply: Message = {"type": "hello", "protocol": PROTOCOL, "kind": self._plugin.kind,
                          "name": self._plugin.name, "version": self._plugin.version,
                          "params_schema": self._plugin.params_schema,
                          "capabilities": self._plugin.capabilities}
        try:
            self._writer.send(reply)
        except (TypeError, ValueError) as error:
            self._service.fail(None, BadRequestError(
                f"params_schema of the {self._service.title} is no JSON: {error}"))

    def _load(self, message: Message) -> None:
        params = message.get("params") or {}
        try:
            if self._service.instance is not None:
                raise BadRequestError(f"the {self._service.title} is loaded already")
            if not isinstance(params, dict):
                raise BadRequestError("'params' of 'load' is not an object")
            loaded = self._service.load(params)
        except CAUGHT as error:
            self._service.fail(None, error, default="load_failed")
        else:
            self._writer.send(loaded)

    def _unknown(self, kind: object) -> None:
        if not isinstance(kind, str):
            self._service.fail(None, BadRequestError("a message without a text 'type'"))
        else:
            self._service.fail(None, UnsupportedError(
                f"a {self._plugin.kind} does not know messages of type {kind[:100]!r}"))


def serve(plugin: Plugin, input_fd: int, output_fd: int) -> None:
    """Serves `plugin` on two descriptors until the host ends the conversation.

    Raises:
        ProtocolError: The host sent a broken frame.
        OSError: The host is gone.
    """
    writer, reader = FrameWriter(output_fd), _reader(input_fd)
    if plugin.kind == "model":
        inbox = Inbox(reader)
        Session(plugin, ModelService(plugin, writer, inbox), writer).run(iter(inbox))
    else:
        service = (MetricService if plugin.kind == "metric" else TaskService)(plugin, writer)
        Session(plugin, service, writer).run(_messages(reader))


def _reader(fd: int) -> FrameReader:
    # Never closed: closing would wait for a thread that is reading.
    return FrameReader(open(fd, "rb", closefd=False).read)


def _refuse(problem: str, input_fd: int, output_fd: int) -> None:
    """Answers whatever the host says with `problem`, for a plug-in that cannot be imported."""
    writer = FrameWriter(output_fd)
    for message in _messages(_reader(input_fd)):
        if message.get("type") == "shutdown":
            return
        reply = {"type": "error", "code": "load_failed", "message": problem, "retryable": False}
        if type(message.get("id")) is int:
            reply["id"] = message["id"]
        writer.send(reply)


def _move_streams_away() -> tuple[int, int]:
    """Descriptors of the host; whatever else uses standard input or output cannot disturb them."""
    input_fd, output_fd = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return input_fd, output_fd


def main(arguments: list[str] | None = None,
         inspect: Callable[[Plugin], None] = lambda plugin: None) -> int:
    """Runs the worker; returns its exit status. `inspect` sees the plug-in before the host does."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 2 or arguments[0] not in KINDS:
        print(USAGE, file=sys.stderr)
        return 2
    kind, name = arguments
    input_fd, output_fd = _move_streams_away()
    try:
        plugin = find_plugin(kind, name)
        inspect(plugin)
    except CAUGHT as error:
        traceback.print_exc()
        problem = str(error) if isinstance(error, PluginNotFound) else message_of(error)
        return _guarded(lambda: _refuse(problem, input_fd, output_fd), kind, name) or 1
    return _guarded(lambda: serve(plugin, input_fd, output_fd), kind, name)


def _guarded(run: Callable[[], None], kind: str, name: str) -> int:
    try:
        run()
    except (ProtocolError, OSError) as error:
        print(f"worker of the {kind} {name!r}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
