"""A host of plug-ins in a few lines, for tests: docs/formats/plugin-protocol.md."""

import json
import os
import select
import struct
import subprocess
import time

MAX_FRAME_BYTES = 64 << 20


class PluginGone(Exception):
    """The plug-in ended or broke the protocol."""


class PluginClient:
    """Starts `argv` and exchanges frames with it. Every wait is bounded by `timeout_s`.

    `blocks` are the attachments of the message received last.
    """

    def __init__(self, argv, timeout_s=60, **popen_options):
        self.timeout_s = timeout_s
        self.blocks = []
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        bufsize=0, **popen_options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def send_bytes(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.process.stdin.fileno(), view):]

    def send(self, message):
        payload = json.dumps(message, ensure_ascii=False).encode()
        self.send_bytes(struct.pack("<I", len(payload)) + payload)

    def _read(self, count):
        deadline = time.monotonic() + self.timeout_s
        data = b""
        while len(data) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise TimeoutError(f"no frame within {self.timeout_s} s")
            chunk = os.read(self.process.stdout.fileno(), count - len(data))
            if not chunk:
                raise PluginGone(f"standard output ended, {len(data)} of {count} bytes came")
            data += chunk
        return data

    def receive(self):
        (length,) = struct.unpack("<I", self._read(4))
        if length > MAX_FRAME_BYTES:
            raise PluginGone(f"a frame claims {length} bytes")
        message = json.loads(self._read(length).decode("utf-8", errors="strict"))
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise PluginGone(f"not a message: {message!r}")
        self.blocks = [self._read(size) for size in message.get("attachments", [])]
        return message

    def ask(self, message):
        self.send(message)
        return self.receive()

    def generate(self, request_id, content, params=None):
        """Returns (deltas, last message) of one request; `content` is the user message's."""
        self.send_request(request_id, content, params)
        return self.receive_answers([request_id])[request_id]

    def send_request(self, request_id, content, params=None):
        self.send({"type": "generate", "id": request_id,
                   "messages": [{"role": "user", "content": content}], "params": params or {}})

    def receive_answers(self, ids):
        """Returns {id: (deltas, last message)} of requests that are under way together."""
        deltas, ended = {request_id: [] for request_id in ids}, {}
        while len(ended) < len(deltas):
            message = self.receive()
            request_id = message.get("id")
            if request_id not in deltas or request_id in ended:
                raise PluginGone(f"no request is under way for this: {message}")
            if message["type"] == "delta":
                deltas[request_id].append(message["text"])
            else:
                ended[request_id] = deltas[request_id], message
        return ended

    def wait(self):
        return self.process.wait(timeout=self.timeout_s)
