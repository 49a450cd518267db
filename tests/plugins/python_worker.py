"""A model plug-in in plain Python (docs/formats/plugin-protocol.md), for tests of injected packages.

Answers with "<package> <version>" for the package that its parameter `package` names.
"""

import importlib
import json
import os
import struct
import sys


def read_frame(stream):
    head = stream.read(4)
    if len(head) < 4:
        return None
    return json.loads(stream.read(struct.unpack("<I", head)[0]))


def main():
    # Whatever a package prints must not get between the frames.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def send(message):
        data = json.dumps(message).encode()
        out.write(struct.pack("<I", len(data)) + data)
        out.flush()

    answer = ""
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        kind = frame["type"]
        if kind == "hello":
            send({"type": "hello", "protocol": 1, "kind": "model", "name": "python-test",
                  "version": "1"})
        elif kind == "load":
            try:
                module = importlib.import_module(frame["params"]["package"])
                answer = f"{module.__name__} {module.__version__}"
                send({"type": "loaded"})
            except Exception as error:  # told to the host, which fails this model alone
                send({"type": "error", "code": "load_failed", "message": repr(error)})
        elif kind == "generate":
            send({"type": "delta", "id": frame["id"], "text": answer})
            send({"type": "done", "id": frame["id"], "finish_reason": "stop"})
        elif kind == "shutdown":
            return
        else:
            send({"type": "error", "code": "unsupported", "message": kind})


if __name__ == "__main__":
    main()
