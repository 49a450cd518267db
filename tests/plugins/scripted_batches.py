"""A metric and a task in plain Python (docs/formats/plugin-protocol.md), with faults on demand, for tests of their hosts.

    scripted_batches.py metric|task

As a metric it scores 1.0 where prediction and reference are equal, else 0.0; what `load` names under "aggregate" is how. A prediction "!FAULT" makes it
fail: raise, null, exit, hang, garbage, short, nan, width. As a task it sends the samples that `load` names under "samples", in messages of two.
"""

import json
import os
import struct
import sys
import time


class Plugin:
    def __init__(self, kind):
        self.kind = kind
        # Whatever is printed must not get between the frames.
        self.out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self.aggregate = sys.argv[2] if len(sys.argv) > 2 else "mean"

    def send(self, message, attachments=()):
        if attachments:
            message["attachments"] = [len(block) for block in attachments]
        data = json.dumps(message).encode()
        self.out.write(struct.pack("<I", len(data)) + data + b"".join(attachments))
        self.out.flush()

    def score(self, prediction, reference):
        fault = prediction[1:] if prediction.startswith("!") else ""
        if fault == "exit":
            print("about to exit", file=sys.stderr)
            os._exit(3)
        if fault == "hang":
            time.sleep(3600)
        if fault == "garbage":
            os.write(self.out.fileno(), b"\xff\xff\xff\xff")
        if fault == "raise":
            return {"error": "ValueError: no such thing", "traceback": "Traceback ..."}
        if fault == "null":
            return None
        if fault == "nan":
            return "NaN"
        if fault == "width":
            return [1, 2, 3, 4]
        equal = float(prediction == reference)
        return {"mean": equal, "ratio": [equal, 2.0], "corpus": [equal, 1.0]}[self.aggregate]

    def compute(self, frame):
        if frame["predictions"] == ["!short"]:
            return self.send({"type": "scores", "id": frame["id"], "scores": []})
        assert all(len(column) == len(frame["predictions"]) for column in frame["fields"].values())
        scores = [self.score(*pair) for pair in zip(frame["predictions"], frame["references"])]
        return self.send({"type": "scores", "id": frame["id"], "scores": scores})

    def samples(self, frame, load):
        listed = load.get("samples", [])
        for begin in range(0, len(listed), 2):
            blocks = []
            for sample in listed[begin:begin + 2]:
                for index, image in enumerate(sample.get("images", [])):
                    if image.startswith("bytes:"):
                        sample["images"][index] = {"attachment": len(blocks), "name": "x.png"}
                        blocks.append(image[6:].encode())
            self.send({"type": "samples", "id": frame["id"], "samples": listed[begin:begin + 2]}, blocks)
        if load.get("exit"):
            os._exit(4)
        self.send({"type": "done", "id": frame["id"]})

    def run(self):
        load = {}
        while head := sys.stdin.buffer.read(4):
            frame = json.loads(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
            if frame["type"] == "hello":
                self.send({"type": "hello", "protocol": 1, "kind": self.kind, "name": "scripted", "version": "1.2",
                           "params_schema": {"properties": {"level": {"type": "integer"}}, "additionalProperties": True},
                           "capabilities": {"aggregate": self.aggregate, "direction": "higher", "width": 2}})
            elif frame["type"] == "load":
                load = frame["params"]
                if "fail" in load:
                    self.send({"type": "error", "code": "load_failed", "message": load["fail"]})
                else:
                    self.send({"type": "loaded"} | ({"fields": load["fields"]} if "fields" in load else {}))
            elif frame["type"] == "compute":
                self.compute(frame)
            elif frame["type"] == "aggregate":
                values = [sums[0] / sums[1] if sums[1] else None for sums in frame["sums"]]
                self.send({"type": "values", "id": frame["id"], "values": values})
            elif frame["type"] == "samples":
                self.samples(frame, load)
            elif frame["type"] == "shutdown":
                return
            else:
                self.send({"type": "error", "code": "unsupported", "message": frame["type"]})


if __name__ == "__main__":
    Plugin(sys.argv[1]).run()
