"""Experiments in containers, on the engines that VLMHB_TEST_ENGINES names (scripts/test-engines)."""

import functools
import json
import os
import pathlib
import random
import signal
import subprocess
import time
import unittest
import urllib.parse

import engines
import harness
import plugin_kit
import registry

REPOSITORY = engines.REPOSITORY
REGISTRY = os.environ.get("VLMHB_TEST_REGISTRY", "")
PRIVATE_REGISTRY = os.environ.get("VLMHB_TEST_PRIVATE_REGISTRY", "")
# What names a file of credentials: Docker's variable a folder, Podman's the file itself.
CREDENTIALS = {"docker": lambda file: {"DOCKER_CONFIG": str(file.parent)},
               "podman": lambda file: {"REGISTRY_AUTH_FILE": str(file)}}


def run_in(experiment, engine, *options, verb="run", **variables):
    return experiment.run("--env", engine, *options, verb=verb,
                          env=engines.environment(engine, **variables))


def on_each_engine(test):
    @functools.wraps(test)
    def wrapped(self):
        for engine in engines.ADDRESSES:
            with self.subTest(engine=engine):
                test(self, engine)

    return wrapped


@unittest.skipUnless(engines.ADDRESSES and engines.IMAGE, "no engine (run by scripts/test-engines)")
class ContainersTest(harness.TestCase):
    def tearDown(self):
        for engine in engines.ADDRESSES:
            self.assertEqual(engines.left_behind(engine), [], f"left in {engine}")

    def answers_of(self, experiment):
        return [(row["id"], row["model_answer"], row["outcome"]) for row in experiment.answers()]

    def new_experiment(self, name, rows=12, **params):
        experiment = harness.Experiment(self.folder / name, rows=rows)
        engines.image_model(experiment, **params)
        experiment.config["runs"][0]["metrics"] = ["cer"]
        return experiment

    @on_each_engine
    def test_the_same_answers_as_in_processes(self, engine):
        reference = self.new_experiment(f"{engine}-reference")
        self.assert_exit(reference.run(), 0)
        experiment = self.new_experiment(engine)
        self.assert_exit(run_in(experiment, engine), 0)
        self.assertEqual(self.answers_of(experiment), self.answers_of(reference))
        stage = experiment.manifest()["stages"]
        box = stage["infer"]["environment"]
        self.assertEqual(box["network"], "none")
        self.assertTrue(box["image"]["digest"].startswith("sha256:"))
        self.assertFalse(box["root"])
        self.assertIn("Nothing to do", run_in(experiment, engine).stderr)

    def test_the_demo(self):
        expected = None
        for engine in ["process", *engines.ADDRESSES]:
            workspace = self.folder / f"demo-{engine}"
            command = [str(pathlib.Path(harness.VLMHB).resolve()), "run",
                       str(REPOSITORY / "examples/demo/experiment.yaml"), "--env", engine,
                       "--workspace", str(workspace), "-q"]
            env = engines.environment(engine) if engine in engines.ADDRESSES else None
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=env)
            self.assert_exit(done, 0)
            files = sorted(workspace.glob("experiments/*/runs/*/inference/answers.csv"))
            self.assertTrue(files)
            answers = [[(row["id"], row["model_answer"]) for row in harness.read_csv(file)]
                       for file in files]
            expected = expected or answers
            self.assertEqual(answers, expected, engine)

    @on_each_engine
    def test_plugins_in_python_of_every_kind(self, engine):
        folder = self.folder / engine
        folder.mkdir()
        place = plugin_kit.Place(folder)
        config = place.config("e", runs=[{"name": "r", "task": "pairs", "dataset": "./pairs",
                                          "model": "stems", "metrics": ["letters", "cer"]}])
        image = {"image": engines.IMAGE}
        plugin_kit.write_entry(config.parent, "metric", "letters", **image)
        plugin_kit.write_entry(config.parent, "model", "stems", **image)
        plugin_kit.write_entry(config.parent, "task", "pairs", metrics=["letters"], **image)
        plugin_kit.write_pairs(config.parent / "pairs", ["a.png b.png a+b", "b.png a.png yes"])
        variables = {engines.HOST_VARIABLE[engine]: engines.ADDRESSES[engine]}
        self.assert_exit(place.with_wheels("run", config, "--env", engine, **variables), 0)
        self.assertEqual([row["model_answer"] for row in place.answers("e", "r")],
                         ["a+b / two / plain: a+b?", "b+a / two / plain: yes?"])
        self.assertEqual(place.values("e", "r")["letters"], 3 / 6)
        stages = json.loads((place.run_folder("e", "r") / "manifest.json").read_text())["stages"]
        for stage in stages.values():
            self.assertEqual(stage["environment"]["image"]["reference"], engines.IMAGE)
            self.assertEqual(stage["environment"]["network"], "none")
        again = place.with_wheels("run", config, "--env", engine, **variables)
        self.assertIn("Nothing to do", again.stderr)

    @on_each_engine
    def test_a_killed_orchestrator_is_continued(self, engine):
        experiment, running = self.start_until_it_asks(engine, delay_ms=50)
        running.send_signal(signal.SIGKILL)
        running.wait()
        listed = self.env(engine, "list", "--json")
        self.assertEqual([found["owner_alive"] for found in json.loads(listed.stdout)
                          if found["kind"] == "container"], [False])
        self.assert_exit(run_in(experiment, engine), 0)
        self.assertEqual(len(experiment.asked()), 30, "nothing was asked twice")
        self.assertEqual(len(experiment.answers()), 30)

    def start_until_it_asks(self, engine, delay_ms):
        """An experiment of 30 rows and its vlmhb, whose stage works by now."""
        experiment = self.new_experiment(engine, rows=30, delay_ms=delay_ms,
                                         ask_log="/data/out/asked.log")
        running = self.start(experiment, engine)
        deadline = time.monotonic() + harness.DEADLINE_S
        while not self.has_asked(experiment) and time.monotonic() < deadline:
            time.sleep(0.01)  # until the stage works, not for a while
        return experiment, running

    @staticmethod
    def start(experiment, engine):
        return subprocess.Popen(experiment.command("--env", engine), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=engines.environment(engine))

    def has_asked(self, experiment):
        runs = experiment.workspace / "experiments/e/runs"
        return any(file.stat().st_size > 0 for file in runs.glob("*/inference/asked.log"))

    def env(self, engine, *words):
        return subprocess.run([str(pathlib.Path(harness.VLMHB).resolve()), "env", *words, "--env",
                               engine], capture_output=True, text=True,
                              timeout=harness.DEADLINE_S, env=engines.environment(engine))

    @on_each_engine
    def test_prune_removes_what_a_killed_orchestrator_left(self, engine):
        experiment, running = self.start_until_it_asks(engine, delay_ms=200)
        kept = self.env(engine, "prune")
        self.assert_exit(kept, 0)
        self.assertEqual(kept.stdout, "", "its owner lives")
        running.kill()
        running.wait()
        self.assert_exit(self.env(engine, "prune"), 0)
        self.assertEqual(engines.left_behind(engine), [])
        self.assert_exit(run_in(experiment, engine), 0)
        self.assertEqual(len(experiment.answers()), 30)

    @on_each_engine
    def test_a_killed_container_is_started_again_by_the_same_command(self, engine):
        experiment, running = self.start_until_it_asks(engine, delay_ms=50)
        for box in engines.ask(engine, "/containers/json"):
            engines.ask(engine, f"/containers/{box['Id']}/kill", "POST")
        running.wait(timeout=harness.DEADLINE_S)
        self.assert_exit(run_in(experiment, engine), 0)
        self.assertEqual(len(experiment.answers()), 30)

    def fifty(self, engine):
        """25 models: 25 inferences, 25 evaluations and a report."""
        experiment = self.new_experiment(engine, rows=2)
        experiment.config["runs"] = []
        for i in range(25):
            engines.image_model(experiment, f"m{i}")
            experiment.config["runs"].append({"task": "ocr", "dataset": "d", "model": f"m{i}",
                                              "metrics": ["cer"]})
        return experiment

    def assert_nothing_left(self, experiment, engine):
        self.assertEqual(engines.left_behind(engine), [])
        self.assertEqual(list(experiment.workspace.rglob("*.handle.json")), [])
        self.assertEqual([file for file in experiment.workspace.rglob("*")
                          if file.lstat().st_uid != os.geteuid()], [])

    @on_each_engine
    def test_fifty_containers_leave_nothing(self, engine):
        experiment = self.fifty(engine)
        self.assert_exit(run_in(experiment, engine), 0)
        self.assert_nothing_left(experiment, engine)

    @on_each_engine
    def test_fifty_containers_leave_nothing_when_killed_in_between(self, engine):
        seed = random.randrange(1000)
        chance = random.Random(seed)
        with self.subTest(seed=seed):
            experiment = self.fifty(engine)
            whole = chance.randrange(1, 50)  # results after which it is killed
            running = self.start(experiment, engine)
            deadline = time.monotonic() + harness.DEADLINE_S
            while (len(list(experiment.workspace.rglob("result.json"))) < whole
                   and running.poll() is None and time.monotonic() < deadline):
                time.sleep(chance.uniform(0, 0.1))
            running.kill()
            running.wait()
            self.assert_exit(run_in(experiment, engine), 0)
            self.assertEqual(len(list(experiment.workspace.rglob("answers.csv"))), 25)
            self.assert_nothing_left(experiment, engine)

    @on_each_engine
    def test_an_engine_that_is_not_there(self, engine):
        experiment = self.new_experiment(engine)
        missing = {**os.environ, engines.HOST_VARIABLE[engine]: f"unix://{self.folder}/no.sock"}
        result = experiment.run("--env", engine, env=missing)
        self.assert_exit(result, 3)
        self.assertIn("no.sock", result.stderr)

    @on_each_engine
    def test_an_image_that_is_nowhere_fails_its_model_alone(self, engine):
        experiment = self.new_experiment(engine)
        engines.image_model(experiment, "other", image="localhost:1/vlmhb-nowhere:1")
        experiment.config["runs"].append({"task": "ocr", "dataset": "d", "model": "other",
                                          "metrics": ["cer"]})
        result = run_in(experiment, engine)
        self.assertIn(result.returncode, (1, 3), result.stderr)
        self.assertIn("vlmhb-nowhere", result.stderr)
        self.assertEqual(len(list(experiment.workspace.rglob("answers.csv"))), 1)

    @on_each_engine
    def test_a_network_only_for_a_model_that_needs_it(self, engine):
        experiment = self.new_experiment(engine)
        engines.image_model(experiment, network=True)
        self.assert_exit(run_in(experiment, engine), 0)
        stages = experiment.manifest()["stages"]
        self.assertEqual({name: stage["environment"]["network"]
                          for name, stage in stages.items()},
                         {"infer": "outside", "evaluate": "none"})

    @staticmethod
    def run_on_terminal(experiment, engine):
        """Exit status, and all that a person sees, what is written over included."""
        terminal, its_side = os.openpty()
        running = subprocess.Popen(experiment.command("--env", engine), stdout=its_side,
                                   stderr=its_side, env=engines.environment(engine))
        os.close(its_side)
        shown = b""
        try:
            while chunk := os.read(terminal, 65536):
                shown += chunk
        except OSError:
            pass  # how a terminal ends
        os.close(terminal)
        return running.wait(harness.DEADLINE_S), shown.decode()

    def remove_image(self, engine, image):
        engines.ask(engine, f"/images/{urllib.parse.quote(image, safe='')}?force=1", "DELETE")

    def pushed_image_model(self, engine, address, name):
        """An experiment whose model runs in an image of that registry, by its digest; and the image."""
        image = f"{address}/{name}@{registry.Registry(address).push(name)}"
        self.addCleanup(self.remove_image, engine, image)
        experiment = self.new_experiment(engine)
        engines.image_model(experiment, image=image)
        return experiment, image

    @unittest.skipUnless(REGISTRY, "no registry (run by scripts/test-engines)")
    @on_each_engine
    def test_an_image_is_pulled_by_digest(self, engine):
        experiment, image = self.pushed_image_model(engine, REGISTRY, f"vlmhb-test/{engine}")
        status, shown = self.run_on_terminal(experiment, engine)
        self.assertEqual(status, 0, shown)
        self.assertRegex(shown, r"pulling \S+: 3 of 3 layers")
        manifest = experiment.manifest()
        self.assertEqual(manifest["stages"]["infer"]["environment"]["image"]["reference"], image)

    @unittest.skipUnless(REGISTRY, "no registry (run by scripts/test-engines)")
    @on_each_engine
    def test_a_digest_that_does_not_exist(self, engine):
        experiment = self.new_experiment(engine)
        name = f"vlmhb-test/{engine}"
        registry.Registry(REGISTRY).push(name)
        engines.image_model(experiment, image=f"{REGISTRY}/{name}@sha256:{'0' * 64}")
        result = run_in(experiment, engine)
        self.assertNotEqual(result.returncode, 0)
        self.assertRegex(result.stderr, f"cannot pull {REGISTRY}/{name}@sha256:0+: ")

    @unittest.skipUnless(PRIVATE_REGISTRY, "no registry (run by scripts/test-engines)")
    @on_each_engine
    def test_credentials_come_from_the_engines_configuration(self, engine):
        experiment, _ = self.pushed_image_model(engine, PRIVATE_REGISTRY,
                                                f"vlmhb-test/private-{engine}")
        folder = self.folder / f"{engine}-config"
        variables = CREDENTIALS[engine](folder / "config.json")

        refused = run_in(experiment, engine, **variables)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("log in to its registry", refused.stderr)

        registry.docker_config(folder, PRIVATE_REGISTRY, password="a-wrong-one")
        refused = run_in(experiment, engine, **variables)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("log in to its registry", refused.stderr)
        self.assertNotIn("a-wrong-one", refused.stderr)

        registry.docker_config(folder, PRIVATE_REGISTRY)
        self.assert_exit(run_in(experiment, engine, **variables), 0)


if __name__ == "__main__":
    unittest.main()
