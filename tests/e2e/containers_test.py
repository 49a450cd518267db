"""Experiments in containers, on the engines that VLMHB_TEST_ENGINES names (scripts/test-engines).

VLMHB_TEST_ENGINES="docker=unix:///path,podman=unix:///path"; VLMHB_TEST_IMAGE is a Debian image
with the Tesseract worker's libraries, known to all of them.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import unittest

import harness

ENGINES = dict(part.split("=", 1) for part in os.environ.get("VLMHB_TEST_ENGINES", "").split(",")
               if "=" in part)
IMAGE = os.environ.get("VLMHB_TEST_IMAGE", "")
HOST_VARIABLE = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent


def environment(engine):
    return {**os.environ, HOST_VARIABLE[engine]: ENGINES[engine]}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(engine, path, method="GET"):
    connection = UnixConnection(ENGINES[engine].removeprefix("unix://"))
    try:
        connection.request(method, "/v1.41" + path)
        answer = connection.getresponse().read()
    finally:
        connection.close()
    return json.loads(answer) if answer else None


def left_behind(engine):
    """Names of all containers, networks and volumes that carry a label of vlmhb."""
    names = [box["Names"][0] for box in ask(engine, "/containers/json?all=1")
             if any(key.startswith("vlmhb.") for key in box["Labels"] or {})]
    names += [net["Name"] for net in ask(engine, "/networks")
              if any(key.startswith("vlmhb.") for key in net.get("Labels") or {})]
    volumes = ask(engine, "/volumes").get("Volumes") or []
    return names + [volume["Name"] for volume in volumes]


def run_in(experiment, engine, *options, verb="run"):
    return experiment.run("--env", engine, *options, verb=verb, env=environment(engine))


def image_model(experiment, name="scripted", **params):
    """The scripted model, with the image that it runs in."""
    experiment.model(name, **params)
    file = experiment.folder / "registries/models" / f"{name}.json"
    entry = json.loads(file.read_text())
    entry["image"] = IMAGE
    file.write_text(json.dumps(entry))


@unittest.skipUnless(ENGINES and IMAGE, "no engine (run by scripts/test-engines)")
class ContainersTest(harness.TestCase):
    def tearDown(self):
        for engine in ENGINES:
            self.assertEqual(left_behind(engine), [], f"left in {engine}")

    def answers_of(self, experiment):
        return [(row["id"], row["model_answer"], row["outcome"]) for row in experiment.answers()]

    def each_engine(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                yield engine

    def new_experiment(self, name, rows=12, **params):
        experiment = harness.Experiment(self.folder / name, rows=rows)
        image_model(experiment, **params)
        experiment.config["runs"][0]["metrics"] = ["cer"]
        return experiment

    def test_the_same_answers_as_in_processes(self):
        reference = self.new_experiment("process")
        self.assert_exit(reference.run(), 0)
        for engine in self.each_engine():
            experiment = self.new_experiment(engine)
            self.assert_exit(run_in(experiment, engine), 0)
            self.assertEqual(self.answers_of(experiment), self.answers_of(reference))
            stage = json.loads((experiment.run_folder() / "manifest.json").read_text())["stages"]
            box = stage["infer"]["environment"]
            self.assertEqual(box["network"], "none")
            self.assertTrue(box["image"]["digest"].startswith("sha256:"))
            self.assertFalse(box["root"])
            self.assertIn("Nothing to do", run_in(experiment, engine).stderr)

    def test_the_demo(self):
        expected = None
        for engine in ["process", *ENGINES]:
            workspace = self.folder / f"demo-{engine}"
            command = [str(pathlib.Path(harness.VLMHB).resolve()), "run",
                       str(REPOSITORY / "examples/demo/experiment.yaml"), "--env", engine,
                       "--workspace", str(workspace), "-q"]
            env = environment(engine) if engine in ENGINES else None
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=env)
            self.assert_exit(done, 0)
            files = sorted(workspace.glob("experiments/*/runs/*/inference/answers.csv"))
            self.assertTrue(files)
            answers = [[(row["id"], row["model_answer"]) for row in harness.read_csv(file)]
                       for file in files]
            expected = expected or answers
            self.assertEqual(answers, expected, engine)

    def test_a_killed_orchestrator_is_continued(self):
        for engine in self.each_engine():
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
        running = subprocess.Popen(experiment.command("--env", engine), env=environment(engine),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + harness.DEADLINE_S
        while not self.has_asked(experiment) and time.monotonic() < deadline:
            time.sleep(0.01)  # until the stage works, not for a while
        return experiment, running

    def has_asked(self, experiment):
        runs = experiment.workspace / "experiments/e/runs"
        return any(file.stat().st_size > 0 for file in runs.glob("*/inference/asked.log"))

    def env(self, engine, *words):
        return subprocess.run([str(pathlib.Path(harness.VLMHB).resolve()), "env", *words, "--env",
                               engine], capture_output=True, text=True,
                              timeout=harness.DEADLINE_S, env=environment(engine))

    def test_prune_removes_what_a_killed_orchestrator_left(self):
        for engine in self.each_engine():
            experiment, running = self.start_until_it_asks(engine, delay_ms=200)
            kept = self.env(engine, "prune")
            self.assert_exit(kept, 0)
            self.assertEqual(kept.stdout, "", "its owner lives")
            running.kill()
            running.wait()
            self.assert_exit(self.env(engine, "prune"), 0)
            self.assertEqual(left_behind(engine), [])
            self.assert_exit(run_in(experiment, engine), 0)
            self.assertEqual(len(experiment.answers()), 30)

    def test_a_killed_container_is_started_again_by_the_same_command(self):
        for engine in self.each_engine():
            experiment, running = self.start_until_it_asks(engine, delay_ms=50)
            for box in ask(engine, "/containers/json"):
                ask(engine, f"/containers/{box['Id']}/kill", "POST")
            running.wait(timeout=harness.DEADLINE_S)
            self.assert_exit(run_in(experiment, engine), 0)
            self.assertEqual(len(experiment.answers()), 30)

    def test_fifty_containers_leave_nothing(self):
        for engine in self.each_engine():
            experiment = self.new_experiment(engine, rows=2)
            experiment.config["runs"] = []
            for i in range(25):
                image_model(experiment, f"m{i}")
                experiment.config["runs"].append({"task": "ocr", "dataset": "d", "model": f"m{i}",
                                                  "metrics": ["cer"]})
            self.assert_exit(run_in(experiment, engine), 0)
            self.assertEqual(left_behind(engine), [])
            handles = list(experiment.workspace.rglob("*.handle.json"))
            self.assertEqual(handles, [])

    def test_an_engine_that_is_not_there(self):
        experiment = self.new_experiment("none")
        for engine in self.each_engine():
            missing = {**os.environ, HOST_VARIABLE[engine]: f"unix://{self.folder}/no.sock"}
            result = experiment.run("--env", engine, env=missing)
            self.assert_exit(result, 3)
            self.assertIn("no.sock", result.stderr)

    def test_an_image_that_is_nowhere_fails_its_model_alone(self):
        for engine in self.each_engine():
            experiment = self.new_experiment(engine)
            image_model(experiment, "other")
            file = experiment.folder / "registries/models/other.json"
            entry = json.loads(file.read_text())
            entry["image"] = "localhost:1/vlmhb-nowhere:1"
            file.write_text(json.dumps(entry))
            experiment.config["runs"].append({"task": "ocr", "dataset": "d", "model": "other",
                                              "metrics": ["cer"]})
            result = run_in(experiment, engine)
            self.assertIn(result.returncode, (1, 3), result.stderr)
            self.assertIn("vlmhb-nowhere", result.stderr)
            self.assertEqual(len(list(experiment.workspace.rglob("answers.csv"))), 1)


if __name__ == "__main__":
    unittest.main()
