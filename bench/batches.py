#!/usr/bin/env python3
"""What answering several requests together brings: a tiny Hugging Face model behind the API wrapper, alone and in batches.

    bench/batches.py [--program build/release/vlmhb] [--python build/plugins/huggingface/venv/bin/python] [--rounds 3]

The model has random weights and answers with as many tokens as it may. `scripts/test-plugins huggingface` makes the environment. Each round asks the same requests with each
batch size, so many at a time.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/plugins"))
import huggingface_wrapper  # noqa: E402

SIZES = (1, 2, 4, 8)


def measure(options, model, size):
    """Seconds for all answers, and the median latency of one in milliseconds."""
    with huggingface_wrapper.serving(options.program, options.python, model, batch_size=size) as address:
        def ask(_):
            answer = json.loads(huggingface_wrapper.ask(address, max_tokens=options.tokens))
            assert answer["usage"]["completion_tokens"] == options.tokens, answer
            return answer["performance"]["latency_ms"]

        ask(0)  # the first one warms up
        with concurrent.futures.ThreadPoolExecutor(size) as clients:
            begin = time.monotonic()
            latencies = sorted(clients.map(ask, range(options.requests)))
            return time.monotonic() - begin, latencies[len(latencies) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/vlmhb")
    parser.add_argument("--python", type=pathlib.Path, default=ROOT / "build/plugins/huggingface/venv/bin/python")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.python, ROOT / "plugins/huggingface/tests/tiny_model.py", folder, "--noise"], check=True, stderr=subprocess.DEVNULL)
        for _ in range(options.rounds):
            for size in SIZES:
                seconds, latency = measure(options, folder, size)
                print(f"batch_size {size}: {options.requests / seconds:6.1f} answers/s, median latency {latency:6.0f} ms", flush=True)


if __name__ == "__main__":
    main()
