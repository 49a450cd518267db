"""Everything that goes wrong ends in the right message and exit status, and harms nothing else."""

import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

import harness


class SampleFaults(harness.TestCase):
    def outcomes(self, experiment):
        return {row["id"]: row["outcome"] for row in experiment.answers()}

    def assert_others_answered(self, experiment, bad_id):
        for row in experiment.answers():
            if row["id"] != str(bad_id):
                self.assertEqual(row["outcome"], "ok", row)
                self.assertEqual(row["model_answer"], experiment.images[int(row["id"])])

    def test_one_bad_row_among_a_thousand(self):
        experiment = self.experiment(rows=1000)
        rows = [experiment.row(i) for i in range(1000)]
        rows[500] = ["500", "too", "few"]
        experiment.write_annotation(rows)
        result = experiment.run()
        self.assert_exit(result, 1)
        self.assertEqual(self.outcomes(experiment)["500"], "bad_row")
        self.assertEqual(len(experiment.answers()), 1000)
        self.assert_others_answered(experiment, 500)

    def test_a_missing_image(self):
        experiment = self.experiment()
        (experiment.dataset / "images" / experiment.images[3]).unlink()
        self.assert_exit(experiment.run(), 1)
        bad = experiment.answers()[3]
        self.assertEqual(bad["outcome"], "missing_image")
        self.assertIn(experiment.images[3], bad["error"])
        self.assert_others_answered(experiment, 3)

    def test_an_image_path_that_leads_outside(self):
        experiment = self.experiment()
        rows = [experiment.row(i) for i in range(12)]
        rows[3][2] = "../../../experiment.json"
        rows[4][2] = "images/link.png"
        os.symlink("/etc/hostname", experiment.dataset / "images" / "link.png")
        experiment.write_annotation(rows)
        self.assert_exit(experiment.run(), 1)
        for row in experiment.answers()[3:5]:
            self.assertNotEqual(row["outcome"], "ok", row)
        self.assertEqual(sum(row["outcome"] == "ok" for row in experiment.answers()), 10)

    def test_a_crash_on_one_image(self):
        experiment = self.experiment(behaviour={"0005.png": "crash"})
        self.assert_exit(experiment.run(), 1)
        bad = experiment.answers()[5]
        self.assertEqual(bad["outcome"], "crashed")
        self.assertIn("scripted crash", bad["error"])
        self.assert_others_answered(experiment, 5)

    def test_a_hang_on_one_image(self):
        experiment = self.experiment(behaviour={"0005.png": "hang"})
        experiment.config["runs"][0].update(timeout_ms=700, attempts=1)
        self.assert_exit(experiment.run(), 1)
        self.assertEqual(self.outcomes(experiment)["5"], "timeout")
        self.assert_others_answered(experiment, 5)

    def test_a_broken_image(self):
        experiment = self.experiment(behaviour={"0005.png": "error:bad_image"})
        self.assert_exit(experiment.run(), 1)
        self.assertEqual(self.outcomes(experiment)["5"], "bad_image")
        self.assert_others_answered(experiment, 5)

    def test_a_plugin_that_writes_garbage_or_eats_memory(self):
        experiment = self.experiment(behaviour={"0004.png": "garbage", "0005.png": "eat:4000"})
        self.assert_exit(experiment.run(), 1)
        self.assertNotEqual(self.outcomes(experiment)["4"], "ok")
        self.assertNotEqual(self.outcomes(experiment)["5"], "ok")
        self.assertEqual(sum(o == "ok" for o in self.outcomes(experiment).values()), 10)

    def test_failures_are_not_scored(self):
        experiment = self.experiment(behaviour={"0005.png": "crash"})
        self.assert_exit(experiment.run(), 1)
        general = [row for row in harness.read_csv(
            experiment.run_folder() / "evaluation" / "metrics.csv") if row["group_by"] == "general"]
        for row in general:
            self.assertEqual((row["count"], row["failed"], row["expected"]), ("11", "1", "12"), row)
        cer = next(row for row in general if row["metric"] == "cer")
        self.assertEqual(float(cer["value"]), 0)

    def test_failed_samples_are_asked_again_only_when_wanted(self):
        marker = "/data/out/crashed-once"
        experiment = self.experiment(behaviour={"0005.png": f"crash_once:{marker}"},
                                     ask_log="/data/out/asked.log")
        experiment.config["runs"][0]["attempts"] = 1
        self.assert_exit(experiment.run(), 1)
        self.assert_exit(experiment.run(), 1)  # nothing is repeated
        self.assertEqual(len(experiment.asked()), 12)
        self.assert_exit(experiment.run("--retry-failed"), 0)
        self.assertEqual(experiment.asked()[12:], ["0005.png"])
        self.assertEqual([row["outcome"] for row in experiment.answers()], ["ok"] * 12)


class RealModel(harness.TestCase):
    """The same with the embedded model: Tesseract reads real pictures and refuses a broken one."""

    DEMO = pathlib.Path(__file__).resolve().parents[2] / "examples/demo/datasets/vqa/demo_fields"

    def test_a_truncated_png_costs_its_own_sample_only(self):
        if not (pathlib.Path(harness.VLMHB).parent / "workers/vlmhb-worker-tesseract").exists():
            self.skipTest("the Tesseract worker is not built")
        experiment = self.experiment(rows=3)
        clean = [row for row in harness.read_csv(self.DEMO / "annotation.csv")
                 if row["degradation"] == "clean" and row["language"] == "ru"][:3]
        rows = []
        for i, row in enumerate(clean):
            picture = (self.DEMO / row["image_path"]).read_bytes()
            if i == 1:
                picture = picture[:len(picture) // 2]
            (experiment.dataset / "images" / experiment.images[i]).write_bytes(picture)
            rows.append([*experiment.row(i)[:4], row["answer"], "passport", "field", ""])
        experiment.write_annotation(rows)
        experiment.config["runs"][0]["model"] = "tesseract-rus-eng"
        self.assert_exit(experiment.run(), 1)
        answers = experiment.answers()
        self.assertEqual([row["outcome"] for row in answers], ["ok", "bad_image", "ok"])
        self.assertIn(experiment.images[1], answers[1]["error"])
        for i in (0, 2):
            self.assertEqual(answers[i]["model_answer"], clean[i]["answer"])


class RunFaults(harness.TestCase):
    def test_a_model_that_cannot_load_stops_only_its_run(self):
        experiment = self.experiment()
        experiment.model("broken", crash_on_load=True)
        experiment.config["runs"].append({"task": "ocr", "dataset": "d", "model": "broken"})
        result = experiment.run()
        self.assert_exit(result, 3)
        self.assertIn("broken", result.stderr)
        report = json.loads((experiment.workspace / "experiments/e/report/report.json").read_text())
        self.assertIn("broken", json.dumps(report))
        self.assertEqual(len(experiment.answers("scripted__d")), 12)

    def test_an_unknown_model(self):
        experiment = self.experiment()
        experiment.config["runs"][0]["model"] = "scirpted"
        result = experiment.run()
        self.assert_exit(result, 2)
        self.assertIn("scirpted", result.stderr)
        self.assertIn("Did you mean 'scripted'?", result.stderr)
        self.assertFalse(experiment.workspace.exists())

    def test_all_problems_come_at_once(self):
        experiment = self.experiment()
        experiment.config["runs"] = [{"task": "ocr", "dataset": "x", "model": "y", "metrics": ["z"]},
                                     {"task": "ocr", "datset": "d", "model": "scripted"}]
        result = experiment.run(verb="validate")
        self.assert_exit(result, 2)
        self.assertIn("datset", result.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small tmpfs needs root")
    def test_a_full_disk_loses_nothing(self):
        experiment = self.experiment(rows=400, answer="x" * 20000 + "{image}",
                                     ask_log="/data/out/asked.log")
        experiment.workspace.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", experiment.workspace],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", experiment.workspace])
        result = experiment.run()
        self.assert_exit(result, 3)
        self.assertIn("space", result.stderr.lower())
        kept = set(harness.journal_ids(experiment.run_folder() / "inference" / "journal"))
        asked_before = len(experiment.asked())
        self.assertGreater(len(kept), 10)
        subprocess.run(["mount", "-o", "remount,size=64m", experiment.workspace], check=True)
        self.assert_exit(experiment.run(), 0)
        again = {int(image[:4]) for image in experiment.asked()[asked_before:]}
        self.assertEqual(again & kept, set())
        self.assertEqual(len(experiment.answers()), 400)

    def test_a_workspace_that_cannot_be_written(self):
        experiment = self.experiment()
        experiment.workspace = pathlib.Path("/proc/vlmhb-workspace")
        result = experiment.run()
        self.assertIn(result.returncode, (2, 3), result.stderr)
        self.assertIn("/proc/vlmhb-workspace", result.stderr)

    def test_a_read_only_workspace(self):
        experiment = self.experiment()
        command = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", str(experiment.workspace),
                   "--remount-ro", str(experiment.workspace), *experiment.command()]
        experiment.workspace.mkdir()
        result = subprocess.run(command, capture_output=True, text=True, timeout=harness.DEADLINE_S)
        self.assert_exit(result, 3)
        self.assertIn("read-only", result.stderr.lower())

    def test_two_runs_in_one_workspace(self):
        experiment = self.experiment(behaviour={"0000.png": "hang"})
        experiment.config["runs"][0].update(timeout_ms=60000)
        first = experiment.start()
        self.addCleanup(first.kill)
        wait_for(lambda: (experiment.workspace / "experiments/e/plan.json").exists())
        second = experiment.run()
        self.assert_exit(second, 3)
        self.assertIn(str(first.pid), second.stderr)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=harness.DEADLINE_S)
        self.assertEqual(first.returncode, 130)

    def test_ctrl_c_stops_within_two_seconds_and_says_how_to_go_on(self):
        experiment = self.experiment(rows=200, delay_ms=30, ask_log="/data/out/asked.log")
        running = experiment.start()
        self.addCleanup(running.kill)
        wait_for(lambda: experiment.workspace.exists() and self.journaled(experiment) > 3)
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=harness.DEADLINE_S)
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(running.returncode, 130)
        self.assertIn("vlmhb run", errors)
        kept = set(harness.journal_ids(experiment.run_folder() / "inference" / "journal"))
        asked_before = len(experiment.asked())
        self.assert_exit(experiment.run(), 0)
        again = {int(image[:4]) for image in experiment.asked()[asked_before:]}
        self.assertEqual(again & kept, set())
        self.assertEqual(len(experiment.answers()), 200)

    def journaled(self, experiment):
        try:
            return len(harness.journal_ids(experiment.run_folder() / "inference" / "journal"))
        except (FileNotFoundError, StopIteration):
            return 0


def wait_for(condition):
    deadline = time.monotonic() + harness.DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the awaited state did not come")
        time.sleep(0.005)


if __name__ == "__main__":
    unittest.main()
