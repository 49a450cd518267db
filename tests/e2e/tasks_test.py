"""The built-in tasks on the demo's data: given answers, metric values computed by hand, and what the report shows."""

import csv
import json
import pathlib
import re
import sys
import unittest

import harness

DEMO = pathlib.Path(__file__).resolve().parents[2] / "examples" / "demo"


def reference(task, dataset="demo"):
    return harness.read_csv(DEMO / "datasets" / task / dataset / "annotation.csv")


class Tasks(harness.TestCase):
    def evaluate(self, task, answers, dataset="demo", **run):
        """Scores the answers; returns the general values by metric, and the run in report.json."""
        path = self.folder / "answers.csv"
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(["id", "model_answer"])
            writer.writerows(enumerate(answers))
        experiment = self.experiment(rows=1)
        experiment.config = {
            "name": "e", "folders": {"datasets": str(DEMO / "datasets")},
            "runs": [{"task": task, "dataset": dataset, "model": "scripted", "name": "given",
                      "answers": str(path), **run}]}
        self.assert_exit(experiment.run(), 0)
        folder = experiment.workspace / "experiments" / "e"
        rows = harness.read_csv(folder / "runs" / "given" / "evaluation" / "metrics.csv")
        values = {row["metric"]: float(row["value"]) for row in rows if row["group_by"] == "general"}
        self.report = json.loads((folder / "report" / "report.json").read_text())
        self.markdown = (folder / "report" / "report.md").read_text()
        self.html = (folder / "report" / "report.html").read_text()
        return values, self.report["runs"][0]["task_report"]

    def test_the_data_is_what_its_script_derives(self):
        sys.path.insert(0, str(DEMO))
        import tasks
        files = {str(path.relative_to(DEMO)): path.read_bytes() for folder in (tasks.OCR, tasks.STRIPS)
                 for path in (DEMO / folder).rglob("*") if path.is_file()}
        for name, data in tasks.derive(files).items():
            if "_page" not in name:  # zlib's versions pack pictures differently
                self.assertEqual((DEMO / name).read_bytes(), data, name)

    def test_kie(self):
        first = reference("kie")[0]["answer"]
        values, shown = self.evaluate("kie", [
            f"Here are the fields:\n```json\n{first}\n```",
            '{"seller": "Notreal Supplies Inc", "number": "726", "date": "28 October 2023", "total": "187,08", '
            '"currency": "USD"}',
            "I cannot read this.",
            '{"seller": "Sample Store", "number": 5342}'])
        self.assertEqual(values["field_accuracy"], (4 + 3 + 0 + 2) / 16)
        self.assertAlmostEqual(values["field_f1"], 2 * 9 / (16 + 4 + 5 + 0 + 2))
        self.assertEqual(values["json_valid"], 2 / 4)  # the first has a sentence around
        counts = {field.pop("path"): field for field in shown["fields"]}
        self.assertEqual(counts["total"], {"expected": 4, "equal": 1, "wrong": 1, "missing": 2, "invented": 0})
        self.assertEqual(counts["number"]["equal"], 3)
        self.assertEqual(counts["currency"], {"expected": 0, "equal": 0, "wrong": 0, "missing": 0, "invented": 1})
        self.assertIn("| number | 75.0 % (3 of 4, 1 missing) |", self.markdown)

    def test_classification(self):
        labels = ["invoice", "receipt", "letter", "table"]
        values, shown = self.evaluate("classification", [
            "Invoice", "This is an invoice.", "receipt", "A letter", "letter", "letter", "table", "I do not know"],
            metrics=[{"name": "label_accuracy", "params": {"labels": labels}}, "exact_match"])
        self.assertEqual(values, {"label_accuracy": 6 / 8, "exact_match": 4 / 8})
        self.assertEqual(shown["confusion"]["labels"], ["invoice", "letter", "receipt", "table"])
        self.assertEqual(shown["confusion"]["samples"], [
            [2, 0, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 0, 1], [0, 0, 0, 0, 0, 0]])
        self.assertIn("Confusion: scripted", self.html)

    def test_multiple_choice(self):
        values, shown = self.evaluate("multiple_choice", [
            "Ответ: В", "The answer is \\boxed{A}", "A", "I cannot tell"])
        self.assertEqual(values, {"choice_accuracy": 2 / 4})
        letters = {row["letter"]: (row["expected"], row["answered"], row["right"]) for row in shown["choices"]}
        self.assertEqual(letters, {"A": (1, 2, 1), "B": (1, 1, 1), "C": (1, 0, 0), "D": (1, 0, 0), "": (0, 1, 0)})

    def test_captioning(self):
        values, shown = self.evaluate("captioning", [
            "На изображении письмо.", "The image shows a cat", "", "A table"])
        self.assertAlmostEqual(values["rouge_l"], (1 + 2 * 4 / 10 + 0 + 2 * 2 / 7) / 4)
        self.assertEqual(shown["scripts"], [])  # a caption may be in another language than the reference

    def test_grounding(self):
        boxes = [json.loads(row["answer"])["bbox"] for row in reference("grounding")]
        left, top, right, bottom = boxes[1]
        half = [left, top, (left + right) / 2, bottom]
        left, top, right, bottom = boxes[5]
        values, _ = self.evaluate("grounding", [
            json.dumps(boxes[0]), json.dumps([{"bbox_2d": half, "label": "value"}]), "I see none.", "[0, 0, 1, 1]",
            "({},{}),({},{})".format(*boxes[4]), f"{left}, {top}, {right}, {2 * bottom - top}"])
        self.assertAlmostEqual(values["iou"], (1 + 0.5 + 0 + 0 + 1 + 0.5) / 6)
        self.assertAlmostEqual(values["iou_accuracy"], 4 / 6)

    def test_page_sorting(self):
        values, shown = self.evaluate("page_sorting", ["[2, 3, 1]", "2, 1, 3", "I cannot tell", "[1, 2]"])
        self.assertAlmostEqual(values["kendall_tau"], (1 + 1 / 3 + 0 + 0) / 4)
        self.assertAlmostEqual(values["position_accuracy"], (1 + 1 / 3 + 0 + 1 / 3) / 4)
        self.assertEqual(shown["order"], {
            "places": [{"expected": 4, "right": 2}, {"expected": 4, "right": 2}, {"expected": 4, "right": 1}],
            "samples": 4, "no_list": 1, "other_length": 1})
        worst = self.report["runs"][0]["worst_samples"]
        self.assertEqual([sample["picture"][:7] for sample in worst], ["images/"] * 3)  # the first image of several

    def test_a_dropped_script_is_seen(self):
        answers = [re.sub("[а-яёА-ЯЁ]", "", row["answer"]) for row in reference("ocr")]
        _, shown = self.evaluate("ocr", answers)
        self.assertEqual([row["script"] for row in shown["scripts"] if row["dropped"]], ["Cyrillic"])
        warning = next(text for text in self.report["warnings"] if "drops" in text)
        self.assertRegex(warning, r"^given drops Cyrillic letters: its answers have 0 such characters")
        self.assertIn("drops Cyrillic letters", self.markdown)
        self.assertIn("drops Cyrillic letters", self.html)

    def test_whole_answers_warn_of_nothing(self):
        self.evaluate("ocr", [row["answer"] for row in reference("ocr")])
        self.assertFalse([text for text in self.report["warnings"] if "drops" in text])


if __name__ == "__main__":
    unittest.main()
