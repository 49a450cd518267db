"""The same command again does nothing twice; a change repeats only what it can change."""

import json
import time
import unittest

import harness


class Reuse(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.e = self.experiment(ask_log="/data/out/asked.log")
        self.assert_exit(self.e.run(), 0)

    def stage_times(self):
        run = self.e.run_folder()
        return {kind: json.loads((run / kind / "result.json").read_text())["finished_at"]
                for kind in ("inference", "evaluation")}

    def test_again_is_quick_and_asks_nothing(self):
        before = self.stage_times()
        began = time.monotonic()
        self.assert_exit(self.e.run(), 0)
        self.assertLess(time.monotonic() - began, 1)
        self.assertEqual(self.stage_times(), before)
        self.assertEqual(len(self.e.asked()), 12)

    def test_another_metric_repeats_evaluation_only(self):
        before = self.stage_times()
        self.e.config["runs"][0]["metrics"] = ["cer"]
        self.assert_exit(self.e.run(), 0)
        after = self.stage_times()
        self.assertEqual(after["inference"], before["inference"])
        self.assertNotEqual(after["evaluation"], before["evaluation"])
        self.assertEqual(len(self.e.asked()), 12)

    def test_another_model_runs_that_model_only(self):
        self.e.model("other", answer="other")
        self.e.config["runs"].append({"task": "ocr", "dataset": "d", "model": "other"})
        self.assert_exit(self.e.run(), 0)
        asked = (self.e.run_folder("scripted__d") / "inference" / "asked.log").read_text()
        self.assertEqual(len(asked.splitlines()), 12)
        self.assertEqual(self.e.answers("other__d")[0]["model_answer"], "other")

    def test_a_changed_image_asks_again_and_keeps_the_old_answers(self):
        (self.e.dataset / "images" / self.e.images[0]).write_bytes(harness.png(shade=3))
        self.assert_exit(self.e.run(), 0)
        old = list((self.e.run_folder() / "superseded").iterdir())
        self.assertEqual(len(old), 1)
        self.assertTrue((old[0] / "answers.csv").exists())

    def test_plan_says_what_would_be_reused(self):
        plan = json.loads(self.e.run("--json", verb="plan").stdout)
        self.assertEqual([stage["reuse"] for stage in plan["stages"]], [True, True, True])
        self.e.config["runs"][0]["metrics"] = ["cer"]
        plan = json.loads(self.e.run("--json", verb="plan").stdout)
        self.assertEqual([stage["reuse"] for stage in plan["stages"]], [True, False, False])

    def test_answers_made_elsewhere_need_no_inference(self):
        answers = self.folder / "answers.csv"
        answers.write_bytes("\ufeffid;model_answer\r\n1;0001.png\r\n0;wrong\r\n".encode())
        self.e.config["runs"] = [{"task": "ocr", "dataset": "d", "model": "scripted", "name": "given",
                                  "only_evaluate_metrics": True, "answers": str(answers)}]
        self.assert_exit(self.e.run(), 1)  # ten samples have no answer
        rows = harness.read_csv(self.e.run_folder("given") / "evaluation" / "metrics.csv")
        exact = next(r for r in rows if r["group_by"] == "general" and r["metric"] == "exact_match")
        self.assertEqual((float(exact["value"]), exact["count"], exact["missing"]), (0.5, "2", "10"))
        self.assertFalse((self.e.run_folder("given") / "inference").exists())


if __name__ == "__main__":
    unittest.main()
