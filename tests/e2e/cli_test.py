"""The program as a person or a script meets it: help, wrong input, machine output, secrets, users."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import harness


def vlmhb(*arguments, **keywords):
    return subprocess.run([str(pathlib.Path(harness.VLMHB).resolve()), *arguments],
                          capture_output=True, text=True, timeout=harness.DEADLINE_S, **keywords)


class Program(harness.TestCase):
    def test_is_static_and_small(self):
        program = pathlib.Path(harness.VLMHB).resolve()
        if "release" not in program.parts:
            self.skipTest("only the release build is static")
        listed = subprocess.run(["ldd", program], capture_output=True, text=True)
        self.assertIn("not a dynamic executable", listed.stdout + listed.stderr)
        self.assertLess(program.stat().st_size, 40e6)

    def test_version_and_help(self):
        self.assertRegex(vlmhb("--version").stdout, r"^vlmhb \d+\.\d+\.\d+\n$")
        text = vlmhb("--help").stdout
        for verb in ("run", "plan", "validate", "status", "report", "registry", "doctor", "init",
                     "schema", "completion"):
            self.assertRegex(text, rf"(?m)^  {verb} ")
            self.assertEqual(vlmhb(verb, "--help").returncode, 0)
        self.assertIn("Examples:", text)

    def test_no_arguments_show_the_help_and_fail(self):
        result = vlmhb()
        self.assert_exit(result, 2)
        self.assertIn("Examples:", result.stderr)

    def test_did_you_mean(self):
        for arguments, expected in ((["rnu", "x.yaml"], "'run'"),
                                    (["run", "x.yaml", "--retry-faild"], "'--retry-failed'"),
                                    (["registry", "lsit"], "'list'")):
            result = vlmhb(*arguments)
            self.assert_exit(result, 2)
            self.assertIn(f"Did you mean {expected}?", result.stderr)

    def test_errors_are_json_when_asked(self):
        result = vlmhb("report", "--json", "-w", str(self.folder))
        self.assert_exit(result, 2)
        self.assertEqual(json.loads(result.stdout)["error"]["exit_status"], 2)

    def test_completion_knows_every_verb(self):
        for shell in ("bash", "zsh", "fish"):
            script = vlmhb("completion", shell).stdout
            for word in ("run", "registry", "retry-failed"):
                self.assertIn(word, script)
        bash = vlmhb("completion", "bash").stdout + """
COMP_WORDS=(vlmhb ru); COMP_CWORD=1; _vlmhb; echo "${COMPREPLY[@]}"
COMP_WORDS=(vlmhb run --retry); COMP_CWORD=2; _vlmhb; echo "${COMPREPLY[@]}"
"""
        lines = subprocess.run(["bash", "-c", bash], capture_output=True, text=True).stdout.split("\n")
        self.assertEqual(lines[0].split(), ["run"])
        self.assertIn("--retry-failed", lines[1])

    def test_doctor_tells_whether_stages_can_run(self):
        found = json.loads(vlmhb("doctor", "--json", "-w", str(self.folder)).stdout)
        names = [check["name"] for check in found["checks"]]
        for name in ("process", "docker", "disk", "gpu", "python"):
            self.assertIn(name, names)

    def test_registry(self):
        models = json.loads(vlmhb("registry", "list", "models", "--json").stdout)["models"]
        self.assertIn("tesseract-rus-eng", [model["name"] for model in models])
        self.assertEqual(json.loads(vlmhb("registry", "show", "metric", "CER").stdout)["name"], "cer")
        unknown = vlmhb("registry", "show", "model", "tesseract-rus-en")
        self.assert_exit(unknown, 2)
        self.assertIn("tesseract-rus-eng", unknown.stderr)

    def test_the_starter_experiment_is_valid_once_there_is_data(self):
        target = self.folder / "mine"
        self.assert_exit(vlmhb("init", str(target)), 0)
        self.assert_exit(vlmhb("init", str(target)), 2)  # nothing is overwritten
        result = vlmhb("validate", str(target / "experiment.yaml"))
        self.assertIn(result.returncode, (0, 2), result.stderr)  # 2: the Tesseract worker is not built

    def test_schema_is_json_schema(self):
        schema = json.loads(vlmhb("schema").stdout)
        self.assertIn("matrix", schema["properties"])


class Output(harness.TestCase):
    def test_a_run_for_scripts(self):
        experiment = self.experiment(behaviour={"0001.png": "crash"})
        result = experiment.run("--json", "-q")
        self.assert_exit(result, 1)
        self.assertEqual(result.stderr.count("\n"), 0, result.stderr)
        summary = json.loads(result.stdout)
        self.assertEqual([stage["state"] for stage in summary["stages"]], ["done"] * 3)
        self.assertEqual(summary["stages"][0]["failed"], 1)
        self.assertTrue(pathlib.Path(summary["report"], "report.json").exists())

    def test_plain_lines_have_no_escape_sequences(self):
        result = self.experiment().run()
        self.assert_exit(result, 0)
        self.assertNotIn("\x1b", result.stderr + result.stdout)
        self.assertTrue(result.stdout.endswith("report.md\n"))

    def test_status_and_report_of_a_finished_experiment(self):
        experiment = self.experiment()
        self.assert_exit(experiment.run(), 0)
        workspace = ("-w", str(experiment.workspace))
        status = json.loads(vlmhb("status", "--json", *workspace).stdout)
        self.assertFalse(status["in_use"])
        states = [stage["state"] for stage in status["experiments"][0]["stages"]]
        self.assertEqual(states, ["done"] * 3)
        self.assertIn("# e", vlmhb("report", *workspace).stdout)
        self.assertIn("<html", vlmhb("report", "e", "--format", "html", *workspace).stdout)

    def test_timings_are_there_or_absent_but_never_zero(self):
        experiment = self.experiment(delta_count=4, delay_ms=2, usage=True,
                                     behaviour={"0001.png": "empty", "0002.png": "crash"})
        experiment.config["runs"][0]["attempts"] = 2
        self.assert_exit(experiment.run(), 1)
        answers = experiment.answers()
        whole, empty, crashed = answers[0], answers[1], answers[2]
        self.assertGreater(float(whole["ttft_ms"]), 1)
        self.assertGreater(float(whole["latency_ms"]), float(whole["ttft_ms"]))
        self.assertGreater(float(whole["peak_memory_mb"]), 0)
        self.assertEqual((empty["outcome"], empty["ttft_ms"]), ("ok", ""))
        self.assertEqual((crashed["outcome"], crashed["latency_ms"], crashed["attempts"]),
                         ("crashed", "", "2"))
        requests = harness.read_csv(experiment.run_folder() / "inference" / "requests.csv")
        self.assertEqual(len(requests), 13)
        for row in answers:
            for cell in row.values():
                self.assertNotIn(cell, ("nan", "inf", "-0"))


    def test_images_can_travel_in_the_request(self):
        experiment = self.experiment(rows=3)
        experiment.config["runs"][0]["image_transport"] = "data"
        self.assert_exit(experiment.run(), 0)
        for row in experiment.answers():
            self.assertRegex(row["model_answer"], r"^data-[0-9a-f]{8}$")


class Secrets(harness.TestCase):
    def test_reach_the_model_and_no_file(self):
        experiment = self.experiment(rows=2)
        token_file = self.folder / "token"
        token_file.write_text("from-a-file-5c1b\n")
        experiment.config["runs"][0]["model_params"] = {
            "answer": "${env:E2E_SECRET}", "crash_once": "${file:%s}" % token_file}
        secret = "from-the-environment-77ab"
        result = experiment.run(env={**os.environ, "E2E_SECRET": secret})
        self.assert_exit(result, 0)
        self.assertEqual(experiment.answers()[0]["model_answer"], secret)
        self.assertNotIn(secret, result.stderr)
        for path in experiment.workspace.rglob("*"):
            told_by_the_model = path.name in ("journal", "answers.csv", "metrics_by_id.csv",
                                              "report.md", "report.html", "report.json")
            if path.is_file() and not told_by_the_model:
                self.assertNotIn(secret.encode(), path.read_bytes(), path)
                self.assertNotIn(b"from-a-file-5c1b", path.read_bytes(), path)

    def test_a_missing_one_is_told_before_anything_starts(self):
        experiment = self.experiment(rows=2)
        experiment.config["runs"][0]["model_params"] = {"answer": "${env:E2E_NOT_SET}"}
        result = experiment.run()
        self.assert_exit(result, 2)
        self.assertIn("E2E_NOT_SET", result.stderr)


class Isolation(harness.TestCase):
    def test_no_sandbox_is_recorded_and_shown(self):
        experiment = self.experiment(rows=3)
        self.assert_exit(experiment.run("--sandbox", "none"), 0)
        self.assertEqual(len(experiment.answers()), 3)
        report = (experiment.workspace / "experiments/e/report/report.md").read_text()
        self.assertRegex(report, r"(?i)(without|no) (a )?sandbox|not isolated")

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root to become another")
    def test_an_ordinary_user_can_run(self):
        experiment = self.experiment(rows=3)
        command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--reset-env",
                   *experiment.command()]
        subprocess.run(["chown", "-R", "65534:65534", self.folder], check=True)
        os.chmod(self.folder, 0o755)
        programs = self.folder / "bin"  # the build folder may be closed to others
        programs.mkdir()
        shutil.copy(harness.VLMHB, programs / "vlmhb")
        shutil.copy(harness.SCRIPTED_WORKER, programs / "vlmhb-scripted-worker")
        entry = experiment.folder / "registries/models/scripted.json"
        entry.write_text(entry.read_text().replace(
            str(pathlib.Path(harness.SCRIPTED_WORKER).resolve()),
            str(programs / "vlmhb-scripted-worker")))
        command[command.index(str(pathlib.Path(harness.VLMHB).resolve()))] = str(programs / "vlmhb")
        result = subprocess.run(command, capture_output=True, text=True, timeout=harness.DEADLINE_S)
        self.assert_exit(result, 0)
        self.assertEqual(len(experiment.answers()), 3)


class Csv(harness.TestCase):
    def test_the_predecessors_config_runs_as_it_is(self):
        experiment = self.experiment()
        text = ("\ufeffdataset;task;framework;model_name;system_prompt;prompt_collection;metrics;"
                "only_evaluate_metrics;metrics_aggregators;filter_doc_class;filter_question_type\r\n"
                "d;OCR;Test;scripted;;;['CER', 'WER'];False;['by_id', 'by_doc_type', 'general'];invoice;")
        config = self.folder / "user_config.csv"
        config.write_bytes(text.encode())
        result = vlmhb("run", str(config), "-w", str(experiment.workspace))
        self.assert_exit(result, 0)
        run = next((experiment.workspace / "experiments/user_config/runs").iterdir())
        answers = harness.read_csv(run / "inference" / "answers.csv")
        self.assertEqual([row["id"] for row in answers], ["0", "2", "4", "6", "8", "10"])
        self.assertTrue((run / "evaluation" / "metrics_by_doc_type.csv").exists())
        self.assertTrue((run / "evaluation" / "metrics_by_id.csv").exists())

    def test_every_problem_has_its_row_and_column(self):
        self.experiment()
        config = self.folder / "user_config.csv"
        config.write_text("dataset;task;model_name;metrics\nd;ocr;scripted;['CERR']\nx;ocr;scripted;CER\n")
        result = vlmhb("validate", str(config), "--json")
        self.assert_exit(result, 2)
        problems = json.loads(result.stdout)["problems"]
        rows = {(problem["row"], re.sub(r"/.*", "", problem["field"])) for problem in problems}
        self.assertIn((2, "metrics"), rows)
        self.assertIn((3, "dataset"), rows)


if __name__ == "__main__":
    unittest.main()
