#!/usr/bin/env python3
"""The Python client against the real program, and a model served by the Python worker."""

import json
import pathlib
import sys
import unittest

import harness

PYTHON = pathlib.Path(__file__).resolve().parents[2] / "python"
sys.path.insert(0, str(PYTHON / "src"))
from vlmhyperbench import client  # noqa: E402


class PythonClient(harness.TestCase):
    def run_client(self, experiment, **options):
        return client.run(experiment.write_config(), workspace=experiment.workspace,
                          program=pathlib.Path(harness.VLMHB).resolve(), **options)

    def test_tables_of_an_experiment(self):
        experiment = self.experiment(rows=4, behaviour={"0002.png": "error:bad_image"})
        experiment.config["runs"][0] |= {"metrics": ["cer"], "attempts": 1,
                                         "group_by": ["general", "by_doc_type"]}
        result = self.run_client(experiment)
        self.assertEqual((result.name, result.exit_status), ("e", 1))
        [run] = result.runs()
        self.assertEqual((run["model"], run["dataset"], run["inferred"], run["evaluated"]),
                         ("scripted", "d", True, True))
        answers = result.answers(run["run"])
        self.assertEqual([(row["id"], row["outcome"], row["model_answer"]) for row in answers],
                         [(0, "ok", "0000.png"), (1, "ok", "0001.png"), (2, "bad_image", None),
                          (3, "ok", "0003.png")])
        self.assertIsInstance(answers[0]["latency_ms"], float)
        self.assertIsNone(answers[0]["completion_tokens"])
        general = result.metrics(run["run"])[0]
        self.assertEqual((general["metric"], general["value"], general["count"],
                          general["failed"], general["coverage"]), ("cer", 0.0, 3, 1, 0.75))
        self.assertEqual([row["doc_class"] for row in result.metrics(run["run"], by="doc_type")],
                         ["invoice", "letter"])
        self.assertEqual([row["cer"] for row in result.metrics(run["run"], by="id")],
                         [0.0, 0.0, None, 0.0])
        [row] = result.report()
        self.assertEqual((row["run"], row["metric"], row["value"]), (run["run"], "cer", 0.0))
        again = self.run_client(experiment)
        self.assertTrue(all(stage["reused"] for stage in again.stages if stage["samples"]))

    def test_errors_carry_status_and_message(self):
        experiment = self.experiment(rows=1)
        experiment.config["runs"][0]["model"] = "scriptde"
        with self.assertRaisesRegex(client.VlmhbError, "scripted") as caught:
            self.run_client(experiment)
        self.assertEqual(caught.exception.exit_status, 2)
        with self.assertRaises(client.VlmhbError) as caught:
            self.run_client(self.experiment_in("other"), no_such_option=True)
        self.assertEqual(caught.exception.exit_status, 2)
        self.assertIn("--no-such-option", str(caught.exception))

    def experiment_in(self, name):
        return harness.Experiment(self.folder / name, rows=1)

    def test_model_of_the_python_worker(self):
        experiment = self.experiment(rows=3)
        # Without a sandbox: the stage sees the source tree.
        worker = self.folder / "registries" / "models" / "worker.py"
        worker.write_text(f"#!{sys.executable}\n" + f"""
import sys
sys.path[:0] = [{str(PYTHON / "src")!r}, {str(PYTHON / "tests" / "fixtures")!r}]
from vlmhyperbench.worker import main
sys.exit(main(["model", "good:Echo"]))
""")
        worker.chmod(0o755)
        entry = {"name": "echo", "version": "1.0", "framework": "Python",
                 "command": ["./worker.py"]}
        (worker.parent / "echo.json").write_text(json.dumps(entry))
        experiment.config["runs"] = [
            {"task": "ocr", "dataset": "d", "model": "echo", "name": transport,
             "image_transport": transport, "prompt": "What is it?"}
            for transport in ("file", "data")]
        result = self.run_client(experiment, sandbox="none")
        self.assertEqual(result.exit_status, 0)
        for run in ("file", "data"):
            self.assertEqual({(row["outcome"], row["model_answer"], row["completion_tokens"])
                              for row in result.answers(run)}, {("ok", "What is it?", 3)})


if __name__ == "__main__":
    unittest.main()
