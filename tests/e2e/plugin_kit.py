"""A package of Python plug-ins of every kind, and experiments that use it.

`source` is that package's only module. It is installed from a wheel made on the spot.
"""

import json
import pathlib
import subprocess

import harness
import wheels

SOURCE = '''
"""Plug-ins for tests: what they do, the data they are given says."""

import json
import signal

from vlmhyperbench import (Finish, Metric, ModelInterface, Prompt, Sample, Task, metric, model, task)


@metric("same", version="1.0", range=(0, 1))
def same(prediction, reference, *, ignore_case: bool = False):
    if prediction == "crash":
        raise RuntimeError("this answer is too much")
    if ignore_case:
        prediction, reference = prediction.lower(), reference.lower()
    return None if not reference else float(prediction == reference)


@metric("letters", version="1.0", aggregate="ratio", range=(0, 1))
def letters(prediction, reference):
    right = sum(a == b for a, b in zip(prediction, reference))
    return (right, len(reference)) if reference else None


@metric("f1", version="1.0", aggregate="corpus", width=3, range=(0, 1))
class F1(Metric):
    """Of sets of words; a sample's other columns come in `fields`."""

    def statistics(self, prediction, reference, fields):
        assert fields["doc_class"] in ("invoice", "letter"), fields
        found, expected = set(prediction.split()), set(reference.split())
        return len(found & expected), len(found), len(expected)

    def aggregate(self, sums):
        right, found, expected = sums
        return 2 * right / (found + expected) if found + expected else None


@model("stems", version="1.0")
class Stems(ModelInterface):
    def load(self, *, joint: str = "+"):
        self.joint = joint

    def generate(self, request):
        yield self.joint.join(path.stem for path in request.images)
        yield f" / {request.system} / {request.text}"


@model("choir", version="1.0")
class Choir(ModelInterface):
    """Says how many requests it has together; dies of `crash` in the text of one."""

    batch_size = 4

    def generate_batch(self, requests):
        if any("crash" in request.text for request in requests):
            signal.raise_signal(signal.SIGKILL)
        for piece in ("of ", str(len(requests)), " "):
            for index in range(len(requests)):
                yield index, piece
        for index, request in enumerate(requests):
            yield index, request.images[0].stem
            yield index, Finish(gpu_memory_bytes=2_000_000)


class OldModel:
    """As the predecessor has them."""

    def __init__(self, model_name, system_prompt="", cache_dir="model_cache"):
        self.model_name = model_name

    def predict_on_image(self, image_path, question):
        return f"{self.model_name}: {question}"


@task("pairs", version="1.0", metrics=["exact_match"], group_by=["general"], fields=["place"])
class Pairs(Task):
    """Lines of pairs.txt: two images and the answer; `block` waits for ever."""

    def load(self, *, style: str = "plain"):
        self.style = style

    def samples(self, root):
        for line in (root / "pairs.txt").read_text().splitlines():
            if line == "block":
                signal.pause()
            first, second, answer = line.split()
            if (root / first).exists():
                yield Sample(images=[first, root / second], reference=answer,
                             fields={"place": f"at {first}"})
            else:
                yield FileNotFoundError(f"no {first}")

    def prompt(self, sample):
        return Prompt(user=f"{self.style}: {sample.reference}?", system="two")
'''
ENTRY_POINTS = """[vlmhyperbench.metrics]
same = kit:same
letters = kit:letters
f1 = kit:F1
[vlmhyperbench.models]
stems = kit:Stems
choir = kit:Choir
[vlmhyperbench.tasks]
pairs = kit:Pairs
"""
KIT = [{"type": "pypi", "name": "kit", "version": "1.0"}]


def make_kit(folder):
    wheels.make_wheel(folder, "kit", "1.0", requires=["vlmhyperbench>=0.1"], source=SOURCE,
                      entry_points=ENTRY_POINTS)


def write_entry(folder, kind, name, packages=KIT, schema=None, **more):
    """An entry in the registries beside a config in `folder`."""
    entry = {"name": name, "version": "1.0", "plugin": name, "packages": packages, **more}
    if kind == "model":
        entry = {"framework": "Test", "resources": {"memory_mb": 512}, **entry}
    if schema is not None:
        entry["params_schema"] = {"properties": schema}
    path = pathlib.Path(folder) / "registries" / f"{kind}s" / f"{name}-{entry['version']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry))


def write_pairs(folder, lines=("a.png b.png yes", "b.png a.png no")):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(harness.png())
    (folder / "pairs.txt").write_text("".join(line + "\n" for line in lines))


class Place:
    """A folder with wheels and one workspace, in which experiments are run."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.workspace = self.folder / "workspace"
        self.wheels = wheels.build_wheels(self.folder / "wheels")
        make_kit(self.wheels)

    def argv(self, *words):
        return [str(pathlib.Path(harness.VLMHB).resolve()), *map(str, words), "--workspace",
                str(self.workspace)]

    def vlmhb(self, *words, cwd=None, **variables):
        return subprocess.run(self.argv(*words), capture_output=True, text=True, cwd=cwd,
                              timeout=harness.DEADLINE_S, env=self.environment() | variables)

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "XDG_CONFIG_HOME": str(self.folder / "config")}

    def config(self, name, **config):
        """Writes a config into a folder of its own, and returns its file."""
        path = self.folder / name / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"name": name, **config}))
        return path

    def with_wheels(self, verb, config, *options, **variables):
        return self.vlmhb(verb, config, "--wheels", self.wheels, *options, **variables)

    def run_folder(self, name, run):
        return self.workspace / "experiments" / name / "runs" / run

    def answers(self, name, run):
        return harness.read_csv(self.run_folder(name, run) / "inference" / "answers.csv")

    def metrics(self, name, run, table="metrics.csv"):
        return harness.read_csv(self.run_folder(name, run) / "evaluation" / table)

    def values(self, name, run):
        """{metric: value} over all samples."""
        return {row["metric"]: float(row["value"]) for row in self.metrics(name, run)
                if row["group_by"] == "general" and row["value"]}
