"""Two Python models that need two versions of one package, in one command."""

import json
import os
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
            manifest = self.e.manifest(run)
            packages = manifest["stages"]["infer"]["packages"]["lock"]["packages"]
            self.assertEqual([package["name"] for package in packages], ["colliding"])
            self.assertEqual(len(packages[0]["hashes"]), 1)
            sbom = json.loads((self.e.run_folder(run) / "inference/sbom.json").read_text())
            self.assertEqual(sbom["bomFormat"], "CycloneDX")
            purls = {part.get("purl") for part in sbom["components"]}
            self.assertIn(f"pkg:pypi/colliding@{packages[0]['version']}", purls)

    def test_a_bill_of_materials_names_the_packages_without_isolation_too(self):
        self.run_it("--sandbox", "none")
        for run, said in self.said().items():
            sbom = json.loads((self.e.run_folder(run) / "inference/sbom.json").read_text())
            purls = {part.get("purl") for part in sbom["components"]}
            self.assertIn("pkg:pypi/" + next(iter(said)).replace(" ", "@"), purls)

    def test_pip_is_configured_as_on_this_machine(self):
        config = self.folder / "pip.conf"
        config.write_text(f"[global]\nno-index = true\nfind-links = {self.wheels}\n")
        # Variables would come before what the file says.
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("PIP_")}
        result = self.e.run("--sandbox", "none",
                            env={**environment, "PIP_CONFIG_FILE": str(config)})
        self.assert_exit(result, 0)

    def test_a_package_that_is_nowhere_fails_its_model_alone(self):
        python_model(self.e, "new", [{"type": "pypi", "name": "nowhere-to-be-found"}])
        result = self.run_it(code=3)
        self.assertIn("nowhere-to-be-found", result.stderr)
        log = self.e.workspace / "cache/env/failed.log"
        self.assertIn(str(log), result.stderr)
        self.assertIn("nowhere-to-be-found", log.read_text())
        self.assertEqual(list(self.said().values()), [{"colliding 1.5"}])
        cache = self.e.workspace / "cache/env"
        layers = [path.name for path in cache.iterdir()
                  if path.is_dir() and path.name not in ("locks", "pythons")]
        self.assertEqual(len(layers), 1, "nothing is left of what failed")
        self.assertEqual(len(layers[0]), 64)

    def env_lock(self):
        locked = subprocess.run(
            [str(pathlib.Path(harness.VLMHB).resolve()), "env", "lock", str(self.e.write_config()),
             "--workspace", str(self.e.workspace), "--wheels", str(self.wheels)],
            capture_output=True, text=True, timeout=harness.DEADLINE_S)
        self.assert_exit(locked, 0)
        return json.loads(self.lock_file().read_text())

    def lock_file(self):
        return self.e.folder / "experiment.lock.json"

    def test_a_locked_experiment_installs_exactly_its_lock(self):
        for model in ("old", "new"):
            python_model(self.e, model, colliding(">=1"))
        self.assertIn('"2.0"', json.dumps(self.env_lock()))
        wheels.make_wheel(self.wheels, "colliding", "3.0")
        self.run_it()
        self.assertEqual({next(iter(said)) for said in self.said().values()}, {"colliding 2.0"})

        python_model(self.e, "new", colliding(">=2"))  # not what the lock was made for
        stale = self.run_it(code=1)
        self.assertIn("vlmhb env lock", stale.stderr)

    def test_a_lock_file_serves_another_machine_with_such_a_python(self):
        wheels.make_source(self.e.folder / "registries", "mine", "1.0")
        python_model(self.e, "old", [{"type": "local", "path": "../mine"}], package="mine")
        lock = self.env_lock()
        text = json.dumps(lock)
        self.assertNotIn(str(self.folder), text, "a lock has no path of this machine")
        self.assertNotIn(str(self.wheels), text)

        for entry in lock["locks"]:  # as if written where the patch release is another one
            entry["python"] = ".".join(entry["python"].split(".")[:2] + ["99"])
        self.lock_file().write_text(json.dumps(lock))
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        for name in ("datasets", "registries", "experiment.lock.json"):
            (self.e.folder / name).rename(elsewhere / name)
        self.e.folder, self.e.workspace = elsewhere, elsewhere / "workspace"
        self.run_it()
        self.assertEqual(sorted(next(iter(said)) for said in self.said().values()),
                         ["colliding 2.0", "mine 1.0"])

    def test_a_lock_for_another_python_or_another_content_says_so(self):
        wheels.make_source(self.e.folder / "registries", "mine", "1.0")
        python_model(self.e, "old", [{"type": "local", "path": "../mine"}], package="mine")
        lock = self.env_lock()
        wheels.make_source(self.e.folder / "registries", "mine", "1.1")
        for entry in lock["locks"]:
            if entry["request"][0]["type"] == "pypi":
                entry["python"] = "2.7.18"
        self.lock_file().write_text(json.dumps(lock))
        result = self.run_it(code=1)
        self.assertIn("has these packages for cpython 2.7 on", result.stderr)
        self.assertIn("local package is not as it was", result.stderr)
        # The other Python's lock is still asked for, so it is kept beside the new one.
        versions = [entry["python"] for entry in self.env_lock()["locks"]]
        self.assertEqual(len(versions), 3)
        self.assertIn("2.7.18", versions)
        self.run_it()

    def test_plan_installs_nothing(self):
        plan = self.e.run("--wheels", str(self.wheels), verb="plan")
        self.assert_exit(plan, 0)
        self.assertFalse((self.e.workspace / "cache/env").exists()
                         and any((self.e.workspace / "cache/env").iterdir()))


if __name__ == "__main__":
    unittest.main()
