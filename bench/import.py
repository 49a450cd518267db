#!/usr/bin/env python3
"""Imports of large files: MB and samples a second of processor time, and the peak memory of vlmhb.

    bench/import.py [--mb 1000] [--keep FOLDER]

Three sources of that many MB each: a TSV of VLMEvalKit with an image of 150 kB in base64 in each row
(half of the rows share one), JSON Lines that name images, and COCO's instances in one JSON. Memory is
the kernel's high-water mark of resident memory (ru_maxrss); files are warm in the page cache.
"""

import argparse
import base64
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import harness  # noqa: E402

IMAGES = 1000


def noise_png(number):
    """A PNG of 150 kB whose pixels do not compress; what they show does not matter."""
    return harness.png(1, 1, number % 256)[:-12] + chunk(os.urandom(150_000)) + harness.png()[-12:]


def chunk(data):
    body = b"teXt" + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def write_tsv(path, size):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write("index\timage\tquestion\tA\tB\tanswer\tcategory\n")
        row = 0
        while file.tell() < size:
            image = base64.b64encode(noise_png(row)).decode()
            file.write(f"{row}\t{image}\t\"Which \"\"one\"\"?\"\tleft\tright\tA\tc{row % 7}\n"
                       f"{row + 1}\t{row}\tAnd now?\tleft\tright\tB\tc{row % 7}\n")
            row += 2


def write_jsonl(path, size):
    with open(path, "w", encoding="utf-8") as file:
        row = 0
        while file.tell() < size:
            file.write(json.dumps({"id": row, "image": f"images/{row % IMAGES}.png",
                                   "question": "What does the document say? " * 6,
                                   "answer": f"answer {row} " * 8, "lang": "en", "page": row % 9}) + "\n")
            row += 1


def write_coco(path, size):
    with open(path, "w", encoding="utf-8") as file:
        count = size // 3500
        file.write('{"info":{},"images":[' + ",".join(
            json.dumps({"id": i, "file_name": f"images/{i % IMAGES}.png", "width": 640, "height": 480})
            for i in range(count)))
        file.write('],"categories":[{"id":1,"name":"stamp"}],"annotations":[')
        first = True
        for k in range(7):
            for i in range(count):
                file.write(("" if first else ",") + json.dumps(
                    {"id": i * 7 + k, "image_id": i, "category_id": 1, "iscrowd": 0,
                     "bbox": [i % 100, k, 10.5, 20.25], "segmentation": [[1.25] * 60]}))
                first = False
        file.write("]}")


def measure(name, path, target):
    size = path.stat().st_size
    with open(path, "rb") as file:  # in pieces: a child's peak begins with that of its parent
        while file.read(1 << 20):
            pass
    began = time.monotonic()
    process = subprocess.Popen([harness.VLMHB, "data", "import", str(path), "--to", str(target),
                                "--json"], stdout=subprocess.PIPE)
    report = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status != 0:
        sys.exit(f"{name}: {report}")
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{name:6} {size / 1e6:6.0f} MB {report['samples']:10,} samples {seconds:6.1f} s, of processor "
          f"{cpu:5.1f} s: {size / 1e6 / cpu:5.0f} MB/s {report['samples'] / cpu:9,.0f} samples/s; "
          f"peak {usage.ru_maxrss * 1024 / 1e6:4.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--keep", type=pathlib.Path, help="work there and keep the files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or pathlib.Path(temporary)
        (folder / "images").mkdir(parents=True, exist_ok=True)
        for i in range(IMAGES):
            (folder / "images" / f"{i}.png").write_bytes(harness.png(8, 8, i % 256) + bytes([i // 256]))
        sources = [("tsv", "bench.tsv", write_tsv), ("jsonl", "bench.jsonl", write_jsonl),
                   ("coco", "instances_bench.json", write_coco)]
        for name, file, write in sources:
            path = folder / file
            write(path, options.mb * 1_000_000)
            measure(name, path, folder / f"imported-{name}")


if __name__ == "__main__":
    main()
