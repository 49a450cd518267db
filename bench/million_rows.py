#!/usr/bin/env python3
"""A run of many rows by a trivial plug-in: rows per second, and the peak memory of every process of vlmhb.

    bench/million_rows.py [--rows 1000000] [--processes 1] [--concurrency 8] [--keep]

Memory is VmHWM, the kernel's own high-water mark of resident memory, read while the processes live.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import harness  # noqa: E402
import kill  # noqa: E402

IMAGES = 100


def write_dataset(experiment, rows):
    """Rows by a stream, since that many in memory would be this script's own limit."""
    with open(experiment.dataset / "annotation.csv", "w", encoding="utf-8-sig", newline="") as file:
        file.write("data_index;split;image_path;question;answer;doc_class;question_type;answer_bbox\r\n")
        for i in range(rows):
            image = experiment.images[i % IMAGES]
            file.write(f"{i};test;images/{image};What is it?;{image};"
                       f"{'letter' if i % 2 else 'invoice'};full_text;\r\n")


def peak_mb(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return 0


def newest_stage(experiment):
    """Name of the stage that was started last: "inference" or "evaluation"."""
    specs = (experiment.workspace / "experiments/e").glob("**/*.stage.json")
    newest = max(specs, key=lambda spec: spec.stat().st_mtime_ns, default=None)
    return newest.name.split(".")[0] if newest else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    options = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="vlmhb-rows.", dir="."))
    experiment = harness.Experiment(folder, rows=IMAGES, processes=options.processes)
    experiment.config["runs"][0].update(concurrency=options.concurrency,
                                        group_by=["general", "by_doc_type"])
    write_dataset(experiment, options.rows)

    began = time.monotonic()
    running = experiment.start()
    peaks = {}
    while running.poll() is None:
        for pid in kill.descendants(running.pid):
            name = kill.role(pid)
            if name == "vlmhb stage":
                name += " " + newest_stage(experiment)
            peaks[name] = max(peaks.get(name, 0), peak_mb(pid))
        time.sleep(0.2)
    seconds = time.monotonic() - began
    _, errors = running.communicate()
    if running.returncode != 0:
        sys.exit(f"exit status {running.returncode}\n{errors}")

    runs = experiment.run_folder()
    stages = {}
    for stage in ("inference", "evaluation"):
        result = json.loads((runs / stage / "result.json").read_text())
        stages[stage] = (result["started_at"], result["finished_at"])
    print(json.dumps({
        "rows": options.rows, "seconds": round(seconds, 1),
        "rows_per_second": round(options.rows / seconds),
        "stages": stages,
        "peak_mb": {name: round(mb, 1) for name, mb in sorted(peaks.items())},
        "journal_bytes": (runs / "inference" / "journal").stat().st_size,
    }, indent=2))
    if not options.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
