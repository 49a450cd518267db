#!/usr/bin/env python3
"""What injected packages cost a start once their layer is there.

    bench/inject.py [--rounds 40] [--packages 8]

Side by side, in turn, `vlmhb run` of two experiments with the same plug-in in Python: one in a layer of N
packages, one by the machine's interpreter. First with nothing left to do: the difference is what looking at lock
and layer costs. Then with another sampling each round, so that all stages run, the layer mounted or not.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
import harness  # noqa: E402
import injection_test  # noqa: E402
import wheels  # noqa: E402


def make(folder, packages):
    """The experiment, its model with that many packages; none: a plug-in that needs no layer."""
    experiment = harness.Experiment(folder, rows=1)
    names = [f"package{i}" for i in range(packages)]
    for name in names:
        wheels.make_wheel(folder / "wheels", name, "1.0")
    more = {}
    if not packages:
        (folder / "wheels").mkdir()
        program = folder / "plugin" / "worker"
        program.parent.mkdir()
        program.write_text("#!/usr/bin/python3\n" + injection_test.WORKER.read_text())
        program.chmod(0o755)
        more["command"] = [str(program.resolve())]
    injection_test.python_model(
        experiment, "python", package=(names + ["json"])[0],
        packages=[{"type": "pypi", "name": name, "version": "1.0"} for name in names], **more)
    experiment.config["runs"][0].update(model="python", metrics=["cer"])
    return experiment


def run_ms(experiment):
    began = time.monotonic()
    done = experiment.run("--wheels", str(experiment.folder / "wheels"))
    milliseconds = (time.monotonic() - began) * 1e3
    if done.returncode != 0:
        sys.exit(f"exit status {done.returncode}\n{done.stderr}")
    return milliseconds


def describe(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median_ms": round(middle, 1), "quartiles_ms": [round(low, 1), round(high, 1)],
            "least_ms": round(min(values), 1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--packages", type=int, default=8)
    options = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="vlmhb-inject."))
    experiments = {"without packages": make(folder / "plain", 0),
                   "with packages": make(folder / "injected", options.packages)}
    cold = {name: round(run_ms(experiment), 1) for name, experiment in experiments.items()}
    nothing_to_do = {name: [] for name in experiments}
    stages = {name: [] for name in experiments}
    for round_number in range(options.rounds):
        for name, experiment in experiments.items():
            nothing_to_do[name].append(run_ms(experiment))
        for name, experiment in experiments.items():
            # Another recipe: the inference is done again.
            experiment.config["runs"][0]["sampling"] = {"max_tokens": 100 + round_number}
            stages[name].append(run_ms(experiment))
    shutil.rmtree(folder)

    def report(measured):
        medians = [statistics.median(values) for values in measured.values()]
        return {**{name: describe(values) for name, values in measured.items()},
                "difference_ms": round(medians[1] - medians[0], 1)}

    print(json.dumps({"rounds": options.rounds, "packages": options.packages, "first_run_ms": cold,
                      "nothing_to_do": report(nothing_to_do), "all_stages": report(stages)},
                     indent=2))


if __name__ == "__main__":
    main()
