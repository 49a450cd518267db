#!/usr/bin/env python3
"""Measures the Python worker through a real process over a socket pair.

    plugin_worker.py [--seconds S] [--json]

- scores/s of a small metric, by the size of a batch (one `compute` message each)
- bytes/s of images that a task gives as attachments, and samples/s of small samples
- deltas/s of a model that streams, and the time of a whole request
- seconds from the start of the process to its `hello`

The host here is Python, too, so each figure is a lower bound of what the worker can do.
"""

import argparse
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LENGTH = struct.Struct("<I")

PLUGINS = '''
from vlmhyperbench import Sample, Task, metric, model, task

@metric("small", version="1.0", range=(0, 1))
def small(prediction, reference):
    return 1.0 if prediction == reference else 0.0


@task("images", version="1.0")
class Images(Task):
    def load(self, *, count: int, size: int):
        self.count, self.image = count, b"\\x89PNG\\r\\n\\x1a\\n" + bytes(size)
    def samples(self, root):
        for number in range(self.count):
            yield Sample(images=[self.image], reference="an answer")

@task("texts", version="1.0")
class Texts(Task):
    def load(self, *, count: int):
        self.count = count
    def samples(self, root):
        for number in range(self.count):
            yield Sample(images=["1.png"], reference="an answer", doc_class="bill",
                         fields={"number": number})
    def prompt(self, sample):
        return "What is the total?"

@model("stream", version="1.0")
def stream(request, *, pieces: int):
    for number in range(pieces):
        yield "a piece "
'''


class Host:
    """A worker behind a socket pair; reads attachments into one buffer that is used again."""

    def __init__(self, folder, kind, name, params):
        ours, theirs = socket.socketpair()
        path = os.pathsep.join([folder, str(ROOT / "python" / "src")])
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vlmhyperbench.worker", kind, f"bench_plugins:{name}"],
            stdin=theirs, stdout=theirs, env={**os.environ, "PYTHONPATH": path})
        theirs.close()
        self.socket = ours
        self.stream = ours.makefile("rb", buffering=1 << 16)
        self.buffer = memoryview(bytearray(64 << 20))
        self.ask({"type": "hello", "protocol": 1})
        self.hello_seconds = time.perf_counter() - began
        loaded = self.ask({"type": "load", "params": params})
        assert loaded["type"] == "loaded", loaded

    def send(self, message):
        payload = json.dumps(message).encode()
        self.socket.sendall(LENGTH.pack(len(payload)) + payload)

    def receive(self):
        """A message; the sizes of its attachments, which are read, in `attachments`."""
        (length,) = LENGTH.unpack(self.stream.read(4))
        message = json.loads(self.stream.read(length))
        for size in message.get("attachments", []):
            assert self.stream.readinto(self.buffer[:size]) == size
        return message

    def ask(self, message):
        self.send(message)
        return self.receive()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.send({"type": "shutdown"})
        self.process.wait(10)
        self.stream.close()
        self.socket.close()


def repeat(seconds, once):
    """Median of the rates (units per second) of `once`, which returns how many units it did."""
    rates = []
    end = time.perf_counter() + seconds
    while len(rates) < 3 or time.perf_counter() < end:
        began = time.perf_counter()
        units = once()
        rates.append(units / (time.perf_counter() - began))
    return statistics.median(rates)


def metric_rates(folder, seconds):
    rates = {}
    with Host(folder, "metric", "small", {}) as host:
        for batch in (1, 16, 256, 4096):
            request = {"type": "compute", "id": 1, "predictions": ["Total: 12.50"] * batch,
                       "references": ["Total: 12.50"] * batch}
            rounds = max(1, 4096 // batch)

            def once():
                for _ in range(rounds):
                    assert len(host.ask(request)["scores"]) == batch
                return rounds * batch

            rates[batch] = repeat(seconds, once)
    return rates


def task_rate(folder, seconds, name, params, unit):
    with Host(folder, "task", name, params) as host:
        def once():
            units = 0
            host.send({"type": "samples", "id": 1, "root": folder})
            while (message := host.receive())["type"] == "samples":
                units += (sum(message["attachments"]) if unit == "bytes"
                          else len(message["samples"]))
            return units

        return repeat(seconds, once)


def stream_rate(folder, seconds, pieces):
    with Host(folder, "model", "stream", {"pieces": pieces}) as host:
        def once():
            requests = max(1, 2000 // pieces)
            for _ in range(requests):
                host.send({"type": "generate", "id": 1,
                           "messages": [{"role": "user", "content": "?"}]})
                while host.receive()["type"] == "delta":
                    pass
            return requests * pieces

        return repeat(seconds, once)


def hello_seconds(folder):
    seconds = []
    for _ in range(5):
        with Host(folder, "metric", "small", {}) as host:
            seconds.append(host.hello_seconds)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2, help="for each figure (2)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bench_plugins.py").write_text(PLUGINS)
        figures = {
            "python": sys.version.split()[0],
            "scores_per_second_by_batch": metric_rates(folder, options.seconds),
            "image_bytes_per_second": {
                f"{size >> 10} KiB": task_rate(
                    folder, options.seconds, "Images",
                    {"count": max(64, (256 << 20) // size), "size": size}, "bytes")
                for size in (64 << 10, 1 << 20, 8 << 20)},
            "samples_per_second": task_rate(folder, options.seconds, "Texts", {"count": 20_000},
                                            "samples"),
            "deltas_per_second": stream_rate(folder, options.seconds, 1000),
            "requests_per_second": stream_rate(folder, options.seconds, 1),
            "hello_seconds": hello_seconds(folder),
        }
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for batch, rate in figures["scores_per_second_by_batch"].items():
        print(f"metric, batches of {batch:5}: {rate:12,.0f} scores/s")
    for size, rate in figures["image_bytes_per_second"].items():
        print(f"task, images of {size:>8}: {rate / 1e9:12.2f} GB/s")
    print(f"task, texts only:         {figures['samples_per_second']:12,.0f} samples/s")
    print(f"model, a stream of 1000:  {figures['deltas_per_second']:12,.0f} deltas/s")
    print(f"model, one piece each:    {figures['requests_per_second']:12,.0f} requests/s")
    print(f"start to hello:           {figures['hello_seconds'] * 1e3:12.0f} ms")


if __name__ == "__main__":
    main()
