"""Two Python models that need two versions of one package, in one command."""

import json
import pathlib
import shutil
import subprocess
import unittest

import harness
import wheels

WORKER = pathlib.Path(__file__).resolve().parent.parent / "plugins" / "python_worker.py"


def pip_is_there():
    return subprocess.run(["/usr/bin/python3", "-m", "pip", "--version"],
                          capture_output=True).returncode == 0


def python_model(experiment, name, packages, package="colliding", **more):
    """A model entry whose script lies beside it."""
    folder = experiment.folder / "registries" / "models"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "python").mkdir(exist_ok=True)
    shutil.copy(WORKER, folder / "python" / "worker.py")
    entry = {"name": name, "version": "1.0.0", "framework": "Test",
             "command": ["python", "python/worker.py"], "packages": packages,
             "params_schema": {"type": "object", "properties": {"package": {"type": "string"}}},
             "params": {"package": package}, "resources": {"memory_mb": 512}, **more}
    (folder / f"{name}.json").write_text(json.dumps(entry))


def colliding(version):
    return [{"type": "pypi", "name": "colliding", "version": version}]


class InjectionTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        if not pip_is_there():
            self.skipTest("/usr/bin/python3 has no pip (apt-get install python3-pip)")
        self.wheels = self.folder / "wheels"
        for version in ("1.5", "2.0"):
            wheels.make_wheel(self.wheels, "colliding", version)
        self.e = self.experiment(rows=2)
        python_model(self.e, "old", colliding("1.5"))
        python_model(self.e, "new", colliding("2.0"))
        self.e.config["runs"] = [{"task": "ocr", "dataset": "d", "model": name, "metrics": ["cer"]}
                                 for name in ("old", "new")]

    def run_it(self, *options, code=0, **keywords):
        result = self.e.run("--wheels", str(self.wheels), *options, **keywords)
        self.assert_exit(result, code)
        return result

    def said(self):
        runs = sorted((self.e.workspace / "experiments/e/runs").iterdir())
        return {path.name: {row["model_answer"] for row in self.e.answers(path.name)}
                for path in runs if (path / "inference/answers.csv").exists()}

    def test_two_major_versions_in_one_command(self):
        self.run_it()
        self.assertEqual(sorted(map(sorted, self.said().values())),
                         [["colliding 1.5"], ["colliding 2.0"]])
        again = self.run_it()
        self.assertIn("Nothing to do", again.stderr)
        for run in self.said():
            manifest = json.loads((self.e.run_folder(run) / "manifest.json").read_text())
            packages = manifest["stages"]["infer"]["packages"]["lock"]["packages"]
            self.assertEqual([package["name"] for package in packages], ["colliding"])
            self.assertEqual(len(packages[0]["hashes"]), 1)
            sbom = json.loads((self.e.run_folder(run) / "inference/sbom.json").read_text())
            self.assertEqual(sbom["bomFormat"], "CycloneDX")
            purls = {part.get("purl") for part in sbom["components"]}
            self.assertIn(f"pkg:pypi/colliding@{packages[0]['version']}", purls)

    def test_a_package_that_is_nowhere_fails_its_model_alone(self):
        python_model(self.e, "new", [{"type": "pypi", "name": "nowhere-to-be-found"}])
        result = self.run_it(code=3)
        self.assertIn("nowhere-to-be-found", result.stderr)
        self.assertEqual(list(self.said().values()), [{"colliding 1.5"}])
        cache = self.e.workspace / "cache/env"
        layers = [path.name for path in cache.iterdir() if path.is_dir() and path.name != "locks"]
        self.assertEqual(len(layers), 1, "nothing is left of what failed")
        self.assertEqual(len(layers[0]), 64)

    def test_a_locked_experiment_installs_exactly_its_lock(self):
        for model in ("old", "new"):
            python_model(self.e, model, colliding(">=1"))
        config = self.e.write_config()
        locked = subprocess.run(
            [str(pathlib.Path(harness.VLMHB).resolve()), "env", "lock", str(config), "--workspace",
             str(self.e.workspace), "--wheels", str(self.wheels)],
            capture_output=True, text=True, timeout=harness.DEADLINE_S)
        self.assert_exit(locked, 0)
        lock = json.loads((self.e.folder / "experiment.lock.json").read_text())
        self.assertIn('"2.0"', json.dumps(lock))
        wheels.make_wheel(self.wheels, "colliding", "3.0")
        self.run_it()
        self.assertEqual({next(iter(said)) for said in self.said().values()}, {"colliding 2.0"})

        python_model(self.e, "new", colliding(">=2"))  # not what the lock was made for
        stale = self.run_it(code=1)
        self.assertIn("vlmhb env lock", stale.stderr)

    def test_plan_installs_nothing(self):
        plan = self.e.run("--wheels", str(self.wheels), verb="plan")
        self.assert_exit(plan, 0)
        self.assertFalse((self.e.workspace / "cache/env").exists()
                         and any((self.e.workspace / "cache/env").iterdir()))


if __name__ == "__main__":
    unittest.main()
