#!/usr/bin/env python3
"""Whole stages with Python plug-ins: an evaluation by a metric, and an import of a task's samples.

    plugin_stages.py [--program build/release/vlmhb] [--rows 200000] [--mb 512]

The evaluation is run with the built-in exact_match, then with the same as a plug-in; the difference is what the plug-in costs. The import takes
images of 1 MB from memory and writes each as a file under its SHA-256. No sandbox: the stages are run as they are.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

PLUGINS = '''
import os
from vlmhyperbench import Sample, Task, metric, task

@metric("same", version="1.0", aggregate="mean", direction="higher", range=(0, 1))
def same(prediction: str, reference: str) -> float:
    return float(prediction == reference)

@task("images", version="1.0", metrics=["cer"])
class Images(Task):
    def load(self, *, count: int) -> None:
        self.count = count

    def samples(self, root):
        noise = os.urandom(1_000_000)
        for number in range(self.count):
            yield Sample(images=[b"\\x89PNG\\r\\n\\x1a\\n" + number.to_bytes(8, "big") + noise], reference="x")

    def prompt(self, sample):
        return "Read"
'''


def run_stage(program, folder, stage, parameters):
    """Wall seconds and CPU seconds of the stage and its plug-ins."""
    output = folder / "out" / stage / str(time.monotonic_ns())
    output.mkdir(parents=True)
    spec = folder / "stage.json"
    spec.write_text(json.dumps({"schema": "vlmhb.stage/1", "stage": stage, "run": "bench", "identity": "bench",
                                "output": str(output), stage: parameters}))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    subprocess.run([program, "stage", "--spec", spec], check=True, stderr=subprocess.DEVNULL,
                   env={**os.environ, "PYTHONPATH": f"{ROOT / 'python/src'}:{folder}"})
    wall = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def worker(kind, name):
    return ["/usr/bin/python3", "-m", "vlmhyperbench.worker", kind, f"bench_plugins:{name}"]


def evaluate(program, folder, rows, own):
    metric = {"name": "exact_match", "version": "1", "params": {}, "aggregate": "mean", "direction": "higher", "unit": "",
              "range": [0, 1], **({"implementation": "exact_match"} if own else {"command": worker("metric", "same")})}
    parameters = {"answers": str(folder / "answers.csv"),
                  "dataset": {"root": str(folder), "annotation": str(folder / "annotation.csv")},
                  "metrics": [metric], "group_by": ["general"],
                  "bootstrap": {"resamples": 1000, "seed": 1, "cluster": "image_path", "level": 0.95}}
    return run_stage(program, folder, "evaluate", parameters)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--program", default=ROOT / "build/release/vlmhb")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--mb", type=int, default=512)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "bench_plugins.py").write_text(PLUGINS)
        with open(folder / "annotation.csv", "w") as annotation, open(folder / "answers.csv", "w") as answers:
            annotation.write("image_path;question;answer\n")
            answers.write("id;model_answer\n")
            for row in range(options.rows):
                annotation.write(f"{row // 4}.png;What is it?;invoice number {row}\n")
                answers.write(f"{row};invoice number {row if row % 3 else 0}\n")
        own, own_cpu = evaluate(options.program, folder, options.rows, True)
        plugin, plugin_cpu = evaluate(options.program, folder, options.rows, False)
        print(f"evaluation of {options.rows} answers: built-in {own:.2f} s ({own_cpu:.2f} CPU-s), plug-in {plugin:.2f} s "
              f"({plugin_cpu:.2f} CPU-s): {options.rows / plugin:,.0f} scores/s")
        wall, cpu = run_stage(options.program, folder, "import", {
            "source": str(folder), "skip_bad": False, "plugin": {"command": worker("task", "Images"), "params": {"count": options.mb}}})
        print(f"import of {options.mb} MB of images from a task: {wall:.2f} s ({cpu:.2f} CPU-s): {options.mb / wall:,.0f} MB/s")


if __name__ == "__main__":
    main()
