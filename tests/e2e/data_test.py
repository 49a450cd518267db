#!/usr/bin/env python3
"""`vlmhb data` through the real program: every format in, one form out, and what is wrong is told."""

import base64
import csv
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]


def vlmhb(*arguments, status=0):
    done = subprocess.run([harness.VLMHB, "data", *map(str, arguments)], capture_output=True,
                          text=True, timeout=harness.DEADLINE_S, check=False)
    if done.returncode != status:
        raise AssertionError(f"status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done


def answer(*arguments, status=0):
    return json.loads(vlmhb(*arguments, "--json", status=status).stdout)


class DataTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.to = self.folder / "imported"

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def jsonl(self, *records):
        return self.write("qa.jsonl", "".join(json.dumps(r) + "\n" for r in records))

    def rows(self):
        with open(self.to / "annotation.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))

    def test_an_imported_folder_is_whole_and_valid(self):
        self.write("p/1.png", harness.png(shade=1))
        self.write("p/2.png", harness.png(shade=2))
        source = self.jsonl({"image": ["p/1.png", "p/2.png"], "text": "Сколько?", "answer": "2"},
                            {"image": "data:image/png;base64,"
                                      + base64.b64encode(harness.png(shade=3)).decode(),
                             "text": "a;\"b\"\nc", "answer": "x"})
        report = answer("import", source, "--to", self.to, "--map", "question=text")
        self.assertEqual((report["samples"], report["stored_images"]), (2, 3))
        self.assertEqual(sorted(p.name for p in self.to.iterdir()),
                         ["annotation.csv", "images", "import.json"])
        rows = self.rows()
        self.assertEqual(len(json.loads(rows[0]["image_path"])), 2)
        self.assertEqual(rows[1]["question"], "a;\"b\"\nc")
        valid = answer("validate", self.to, "--task", "vqa")
        self.assertTrue(valid["valid"])
        self.assertEqual(valid["content_digest"], report["content_digest"])
        self.assertEqual(json.loads((self.to / "import.json").read_text())["content_digest"],
                         report["content_digest"])

    def test_an_existing_target_is_refused_and_bad_records_leave_nothing(self):
        self.write("a.png", harness.png())
        source = self.jsonl({"image": "a.png", "answer": "1"}, {"image": "none.png"})
        done = vlmhb("import", source, "--to", self.to, status=1)
        self.assertIn("line 2: there is no image 'none.png'", done.stderr)
        self.assertFalse(self.to.exists())
        self.assertEqual(answer("import", source, "--to", self.to, "--skip-bad")["bad"], 1)
        self.assertIn("exists", vlmhb("import", source, "--to", self.to, status=2).stderr)
        left = [p.name for p in self.folder.iterdir()]
        self.assertEqual(sorted(left), ["a.png", "imported", "qa.jsonl"], "nothing temporary")

    def test_validate_names_line_and_fix(self):
        self.write("d/a.png", harness.png())
        self.write("d/cut.png", harness.png()[:40])
        self.write("d/annotation.csv", "image_path;question;answer\na.png;q;a\ncut.png;q;\n"
                                       "/etc/passwd;q;a\n")
        done = vlmhb("validate", self.folder / "d", status=1)
        self.assertIn("line 3: image 'cut.png' is a PNG that is cut off [corrupt_image]; get it",
                      done.stdout)
        self.assertIn("[refused_image]", done.stdout)
        found = answer("validate", self.folder / "d", status=1)
        self.assertEqual(found["errors"], {"corrupt_image": 1, "refused_image": 1})
        self.assertTrue(all(f["fix"] and f["place"] for f in found["findings"]))

    def test_inspect_and_its_contact_sheet(self):
        for i in range(5):
            self.write(f"d/{'cat' if i % 2 else 'dog'}/{i}.png", harness.png(shade=i))
        self.write("d/dog/<script>.png", harness.png(shade=9))
        sheet = self.folder / "sheet.html"
        found = answer("inspect", self.folder / "d", "--contact-sheet", sheet, "--sheet-samples", 6)
        self.assertEqual(found["format"], "classes")
        self.assertEqual(found["doc_classes"], {"cat": 2, "dog": 4})
        page = sheet.read_text(encoding="utf-8")
        self.assertEqual(page.count("data:image/png;base64,"), 6)
        self.assertNotIn("<script", page)
        self.assertIn("&lt;script&gt;", page)
        self.assertIn("doc_class", vlmhb("inspect", self.folder / "d").stdout)

    def test_a_tsv_as_pandas_writes_it(self):
        image = base64.b64encode(harness.png()).decode()
        path = self.folder / "B.tsv"
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, delimiter="\t", lineterminator="\n")
            table.writerow(["index", "image", "question", "A", "B", "answer", "category"])
            table.writerow([0, image, "Tab\there and \"quotes\"\nand a line", "x", "y", "A", "c"])
            table.writerow([1, 0, "again", "x", "", "A", "c"])
        answer("import", path, "--to", self.to)
        rows = self.rows()
        self.assertIn("Question: Tab\there and \"quotes\"\nand a line\nOptions:\nA. x\nB. y\n",
                      rows[0]["question"])
        self.assertEqual(rows[0]["image_path"], rows[1]["image_path"])

    def test_an_imported_dataset_runs(self):
        experiment = harness.Experiment(self.folder / "e", rows=0)
        self.write("a.png", harness.png(shade=1))
        self.write("b.png", harness.png(shade=2))
        source = self.jsonl({"images": ["a.png", "b.png"], "question": "?", "answer": "x"},
                            {"images": ["b.png"], "question": "?", "answer": "y"})
        target = self.folder / "e" / "datasets" / "ocr" / "imported"
        vlmhb("import", source, "--to", target)
        experiment.config["runs"][0]["dataset"] = "imported"
        run = experiment.run()
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    @unittest.skipUnless(importlib.util.find_spec("easy_vqa"), "pip install easy-vqa")
    def test_easy_vqa_imports_whole(self):
        subprocess.run([sys.executable, ROOT / "examples/easy_vqa/convert.py", "--to", self.to],
                       check=True, timeout=600, env=os.environ | {"VLMHB": str(harness.VLMHB)})
        valid = answer("validate", self.to)
        self.assertEqual((valid["samples"], valid["images"]["distinct"]), (48248, 5000))


if __name__ == "__main__":
    unittest.main()
