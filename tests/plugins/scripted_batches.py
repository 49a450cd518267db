"""A metric, a task and a model of several requests in plain Python (docs/formats/plugin-protocol.md), with faults on demand, for tests of their hosts.

    scripted_batches.py metric|task|model

As a metric it scores 1.0 where prediction and reference are equal, else 0.0; what `load` names under "aggregate" is how. A prediction "!FAULT" makes it
fail: raise, null, exit, hang, garbage, short, nan, width. As a task it sends the samples that `load` names under "samples", in messages of two.
As a model it takes "requests" at a time, waits for "gather" of them (after the first time for "then"; for one if the file "alone_after" exists, which it makes), and sends all answers
piece by piece side by side: the image's name, then "!". An image's name may be a fault: crash, endless (it is answered only when cancelled), anonymous (an error without an id).
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

    def generate(self, frames):
        """Answers `frames` and returns those that have no end yet."""
        names = {frame["id"]: os.path.basename(frame["messages"][0]["content"][0]["path"]) for frame in frames}
        if "crash" in names.values():
            print(f"crashed with {len(frames)}", file=sys.stderr, flush=True)
            os._exit(5)
        if "anonymous" in names.values():
            self.send({"type": "error", "code": "internal", "message": "whose?"})
        for text in (None, "!"):
            for request_id, name in names.items():
                self.send({"type": "delta", "id": request_id, "text": text or name})
        for request_id, name in reversed(names.items()):
            if name != "endless":
                self.send({"type": "done", "id": request_id, "finish_reason": "stop", "gpu_memory_bytes": 1500000})
        return [request_id for request_id, name in names.items() if name == "endless"]

    def run(self):
        load = {}
        gathered, endless = [], []
        while head := sys.stdin.buffer.read(4):
            frame = json.loads(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
            if frame["type"] == "hello":
                self.send({"type": "hello", "protocol": 1, "kind": self.kind, "name": "scripted", "version": "1.2",
                           "params_schema": {"properties": {"level": {"type": "integer"}}, "additionalProperties": True},
                           "capabilities": {"aggregate": self.aggregate, "direction": "higher", "width": 2}})
            elif frame["type"] == "load":
                load = frame["params"]
                if marker := load.get("alone_after"):
                    load["gather"] = 1 if os.path.exists(marker) else load["gather"]
                    open(marker, "w").close()
                if "fail" in load:
                    self.send({"type": "error", "code": "load_failed", "message": load["fail"]})
                else:
                    self.send({"type": "loaded"} | {key: load[key] for key in ("fields", "requests") if key in load})
            elif frame["type"] == "compute":
                self.compute(frame)
            elif frame["type"] == "aggregate":
                values = [sums[0] / sums[1] if sums[1] else None for sums in frame["sums"]]
                self.send({"type": "values", "id": frame["id"], "values": values})
            elif frame["type"] == "samples":
                self.samples(frame, load)
            elif frame["type"] == "generate":
                gathered.append(frame)
                if len(gathered) >= load["gather"]:
                    endless += self.generate(gathered)
                    gathered = []
                    load["gather"] = load.get("then", load["gather"])
            elif frame["type"] == "cancel":
                if frame["id"] in endless:
                    self.send({"type": "done", "id": frame["id"], "finish_reason": "cancelled"})
            elif frame["type"] == "shutdown":
                return
            else:
                self.send({"type": "error", "code": "unsupported", "message": frame["type"]})


if __name__ == "__main__":
    Plugin(sys.argv[1]).run()
