"""The client against a stand-in for the program, and files as docs/formats says."""

import json
import os
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from vlmhyperbench import client

BOM = "\ufeff"
ANSWERS = (
    "id;model_answer;outcome;error;attempts;ttft_ms;tpot_ms;latency_ms;queue_ms;prompt_tokens;"
    "completion_tokens;finish_reason;peak_memory_mb\n"
    '0;"a ""b""; c\nd";ok;;1;12.500;;30.000;0.100;7;3;stop;51.2\n'
    "1;;ok;;1;;;1.000;;;;stop;\n"
    "2;;timeout;no answer within 5 s;3;;;;;;;;\n"
    f"3;{'x' * 200_000};truncated;;1;;;;;;;length;\n")
METRICS = (
    "group_by;group;metric;value;ci_low;ci_high;count;clusters;expected;failed;missing;coverage;"
    "unscorable\n"
    "general;;cer;0.25;0.1;0.4;3;3;4;1;0;0.75;0\n"
    "by_doc_type;bill;cer;;;;0;0;1;1;0;0;0\n")
BY_TYPE = METRICS.replace("group_by;group", "doc_class").replace("general;", "bill").replace(
    "by_doc_type;bill", "letter")
SAMPLES = ("id;outcome;answer;model_answer;page_weight;cer;cer_weight;anls;anls_weight\n"
           "0;ok;a;b;heavy;0.5;2;0;1\n2;timeout;007;;5;;;;\n")


def write_experiment(workspace):
    folder = workspace / "experiments" / "demo"
    inference = folder / "runs" / "m__d" / "inference"
    evaluation = folder / "runs" / "m__d" / "evaluation"
    (folder / "report").mkdir(parents=True)
    inference.mkdir(parents=True)
    evaluation.mkdir()
    for file, text in ((inference / "answers.csv", ANSWERS), (evaluation / "metrics.csv", METRICS),
                       (evaluation / "metrics_by_id.csv", SAMPLES),
                       (evaluation / "metrics_by_doc_type.csv", BY_TYPE)):
        file.write_text(BOM + text, "utf-8")
    (inference / "result.json").write_text("{}")
    (folder / "runs" / "m__d" / "manifest.json").write_text(json.dumps(
        {"model": {"name": "m", "version": "1"}, "dataset": {"name": "d"}}))
    (folder / "runs" / "not_begun").mkdir()
    general = {"by": "general", "key": [], "expected": 4, "failed": 1, "missing": 0,
               "metrics": {"cer": {"value": 0.25, "ci": [0.1, 0.4], "count": 3},
                           "anls": {"value": None, "ci": None, "count": 0}}}
    runs = [{"run": "m__d", "model": "m", "model_version": "1", "task": "ocr", "dataset": "d",
             "failure": None, "groups": [general]},
            {"run": "x__d", "model": "x", "failure": "no such image", "groups": []}]
    (folder / "report" / "report.json").write_text(json.dumps({"runs": runs}))
    return folder


class Reading(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.workspace = Path(folder.name)
        write_experiment(self.workspace)
        self.experiment = client.Experiment.open(self.workspace, "demo")

    def test_answers(self):
        answers = self.experiment.answers("m__d")
        self.assertEqual(answers[0]["model_answer"], 'a "b"; c\nd')
        self.assertEqual((answers[0]["id"], answers[0]["ttft_ms"], answers[0]["tpot_ms"],
                          answers[0]["prompt_tokens"]), (0, 12.5, None, 7))
        self.assertEqual(answers[1]["model_answer"], "", "an empty answer is an answer")
        self.assertIsNone(answers[2]["model_answer"], "a failure is none")
        self.assertEqual(len(answers[3]["model_answer"]), 200_000)

    def test_metrics(self):
        metrics = self.experiment.metrics("m__d")
        self.assertEqual(metrics[0], {
            "group_by": "general", "group": None, "metric": "cer", "value": 0.25, "ci_low": 0.1,
            "ci_high": 0.4, "count": 3, "clusters": 3, "expected": 4, "failed": 1, "missing": 0,
            "coverage": 0.75, "unscorable": 0})
        self.assertIsNone(metrics[1]["value"])
        for by in ("doc_type", "by_doc_type"):
            self.assertEqual(self.experiment.metrics("m__d", by=by)[1]["doc_class"], "letter")

    def test_samples(self):
        first, second = self.experiment.metrics("m__d", by="id")
        self.assertEqual((first["cer"], first["cer_weight"], first["anls"]), (0.5, 2.0, 0.0))
        self.assertEqual((second["id"], second["answer"], second["cer"]), (2, "007", None))
        self.assertEqual(second["page_weight"], "5", "a column of the annotation stays text")

    def test_runs(self):
        self.assertEqual(self.experiment.runs(), [
            {"run": "m__d", "model": "m", "model_version": "1", "dataset": "d", "inferred": True,
             "evaluated": False},
            {"run": "not_begun", "model": None, "model_version": None, "dataset": None,
             "inferred": False, "evaluated": False}])

    def test_report(self):
        rows = self.experiment.report()
        seen = [(row["run"], row["metric"], row["value"], row["ci_high"]) for row in rows]
        self.assertEqual(seen,
                         [("m__d", "cer", 0.25, 0.4), ("m__d", "anls", None, None),
                          ("x__d", None, None, None)])
        self.assertEqual(rows[2]["failure"], "no such image")

    def test_unknown_names(self):
        for action, text in (
                (lambda: client.Experiment.open(self.workspace, "dmeo"), "Did you mean 'demo'?"),
                (lambda: self.experiment.answers("../demo"), "no run '../demo'"),
                (lambda: self.experiment.metrics("m__d", by="colour"), "it has doc_type, id")):
            with self.assertRaisesRegex(FileNotFoundError, text.replace("?", r"\?")):
                action()

    def test_data_frames(self):
        answers = self.experiment.answers("m__d")
        for name, convert in (("pandas", answers.to_pandas), ("polars", answers.to_polars)):
            with self.subTest(name):
                try:
                    __import__(name)
                except ImportError:
                    with self.assertRaisesRegex(ImportError, f"pip install {name}"):
                        convert()
                else:
                    self.assertEqual(convert().shape, (4, 13))


class Running(unittest.TestCase):
    """`program` here is a script that prints what it is told to, and its arguments."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.experiment = write_experiment(self.folder / "ws")

    def run_program(self, status, output, errors="", **options):
        program = self.folder / "vlmhb"
        program.write_text(textwrap.dedent(f"""\
            #!{sys.executable}
            import json, sys
            json.dump(sys.argv[1:], open({str(self.folder / "argv")!r}, "w"))
            print({output!r})
            print({errors!r}, file=sys.stderr)
            sys.exit({status})
            """))
        os.chmod(program, 0o755)
        return client.run(self.folder / "e.yaml", workspace=self.folder / "ws", program=program,
                          **options)

    def argv(self):
        return json.loads((self.folder / "argv").read_text())

    def summary(self, **changes):
        return json.dumps({"exit_status": 0, "interrupted": False, "stages": [],
                           "report": str(self.experiment / "report"), **changes})

    def test_complete(self):
        experiment = self.run_program(0, self.summary(), env="docker", retry_failed=True, cpus=2,
                                      mode=None)
        self.assertEqual((experiment.name, experiment.exit_status), ("demo", 0))
        self.assertEqual(len(experiment.answers("m__d")), 4)
        self.assertEqual(self.argv(), [
            "run", str(self.folder / "e.yaml"), "--json", "-q", f"--workspace={self.folder / 'ws'}",
            "--env=docker", "--retry-failed", "--cpus=2"])

    def test_some_failed(self):
        stage = {"id": "infer/m__d", "state": "failed", "message": "out of memory"}
        experiment = self.run_program(1, self.summary(stages=[stage]))
        self.assertEqual((experiment.exit_status, experiment.stages), (1, [stage]))

    def test_failed_without_a_report(self):
        stage = {"id": "report", "state": "failed", "message": "disk full"}
        with self.assertRaisesRegex(client.VlmhbError, "report: disk full"):
            self.run_program(1, self.summary(stages=[stage], report=None))

    def test_wrong_config(self):
        problem = {"file": "e.yaml", "row": 7, "field": "/runs/0/modle", "message": "unknown key"}
        with self.assertRaises(client.VlmhbError) as caught:
            self.run_program(2, json.dumps({"valid": False, "problems": [problem]}))
        self.assertEqual(caught.exception.exit_status, 2)
        self.assertEqual(str(caught.exception), "e.yaml, 7, /runs/0/modle: unknown key")

    def test_error(self):
        error = {"code": "unavailable", "message": "the workspace is in use", "exit_status": 3}
        with self.assertRaisesRegex(client.VlmhbError, "in use") as caught:
            self.run_program(3, json.dumps({"error": error}))
        self.assertEqual(caught.exception.exit_status, 3)

    def test_no_json(self):
        with self.assertRaisesRegex(client.VlmhbError, "Illegal instruction"):
            self.run_program(132, "", "Illegal instruction")

    def test_no_program(self):
        with self.assertRaises(client.VlmhbError) as caught:
            client.run("e.yaml", program=self.folder / "nothing")
        self.assertEqual(caught.exception.exit_status, 127)


if __name__ == "__main__":
    unittest.main()
