"""What the services of models, metrics and tasks have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ._failure import CAUGHT, code_of, message_of, traceback_of
from ._protocol import FrameTooLarge, FrameWriter, Message
from ._registry import Plugin
from ._schema import LoadError, check_call
from .errors import BadRequestError, ContractError, PluginError


class Service:
    """Loads one plug-in and answers requests to it, all on one thread."""

    # Methods by the type of the message that they answer.
    requests: ClassVar[Mapping[str, str]] = {}

    def __init__(self, plugin: Plugin, writer: FrameWriter) -> None:
        self._plugin = plugin
        self._writer = writer
        self.instance: Any = None  # set once it is loaded

    @property
    def title(self) -> str:
        return f"{self._plugin.kind} {self._plugin.name!r}"

    def load(self, params: Mapping[str, Any]) -> Message:
        """Makes and loads the instance, and answers. May be called again after an exception."""
        instance = self._plugin.create()
        check_call(instance.load, params)
        instance.load(**params)
        loaded = self.loaded(instance)
        self.instance = instance
        return loaded

    def loaded(self, instance: Any) -> Message:
        """What is told of a loaded instance."""
        return {"type": "loaded"}

    def answer(self, message: Message) -> None:
        """Answers a request whose type is in `requests`; OSError if the host is gone."""
        request_id = message.get("id")
        if type(request_id) is not int:
            self.fail(None, BadRequestError(f"'{message['type']}' without an integer 'id'"))
            return
        if self.instance is None:
            self.fail(request_id, BadRequestError(f"'{message['type']}' came before 'load'"))
            return
        handler: Callable[[int, Message], None] = getattr(self, self.requests[message["type"]])
        try:
            handler(request_id, message)
        except HostGone as error:
            raise error.reason from None
        except CAUGHT as error:
            self.fail(request_id, error)

    def send(self, message: Message) -> None:
        """Sends `message` from within a handler."""
        self.send_payload(lambda: self._writer.send(message))

    def send_payload(self, send: Callable[[], None]) -> None:
        try:
            send()
        except OSError as error:
            raise HostGone(error) from error

    def fail(self, request_id: int | None, error: BaseException, default: str = "internal") -> None:
        """Sends `error`, whatever it is."""
        message: Message = {"type": "error"}
        if request_id is not None:
            message["id"] = request_id
        message |= {"code": self.error_code(error, default), "message": message_of(error),
                    "retryable": isinstance(error, PluginError) and error.retryable}
        if not isinstance(error, (BadRequestError, ContractError, LoadError, FrameTooLarge)):
            message["traceback"] = traceback_of(error)
        self._writer.send(message)

    def error_code(self, error: BaseException, default: str) -> str:
        return code_of(error, default)

    def unload(self) -> None:
        """Ends the plug-in's work, if it was loaded."""


class HostGone(Exception):
    """Writing to the host failed; not an error of the plug-in, though it came up inside of it."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason
