"""Tests of the demo data set and its generator: /usr/bin/python3 -m unittest discover -s examples/demo"""

import csv
import hashlib
import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from PIL import Image  # noqa: E402

try:
    import generate
except (ImportError, ValueError) as error:  # no Pango, or not its introspection data
    generate = None
    WHY_NOT = f"cannot draw here: {error}"
else:
    WHY_NOT = ""

FOLDERS = {"ocr": HERE / "datasets/ocr/demo", "vqa": HERE / "datasets/vqa/demo_fields"}
PROMPTS = {"ocr": HERE / "prompt_collections/ocr/demo_ocr.csv", "vqa": HERE / "prompt_collections/vqa/demo_fields.csv"}
COLUMNS = ("data_index;split;image_path;question;answer;doc_class;question_type;answer_bbox;language;degradation;font;"
           "size_px").split(";")
DEGRADATIONS = {"clean", "noise", "rotated", "blur", "low_contrast", "jpeg"}


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


class CommittedData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = {task: table(folder / "annotation.csv") for task, folder in FOLDERS.items()}
        cls.all_rows = [(task, row) for task, rows in cls.rows.items() for row in rows]

    def test_csv_form(self):
        for path in [folder / "annotation.csv" for folder in FOLDERS.values()] + list(PROMPTS.values()):
            data = path.read_bytes()
            self.assertTrue(data.startswith(b"\xef\xbb\xbf"), path)
            self.assertTrue(data.endswith(b"\r\n"), path)
            self.assertIn(b";", data.split(b"\r\n")[0])

    def test_columns(self):
        for task, rows in self.rows.items():
            self.assertEqual(list(rows[0]), COLUMNS, task)
            for row in rows:
                self.assertNotIn(None, row)
                for column, value in row.items():
                    self.assertTrue(value, f"{row['image_path']}: empty {column}")

    def test_answers_are_what_a_perfect_reader_writes(self):
        for _, row in self.all_rows:
            for line in row["answer"].split("\n"):
                self.assertEqual(line, " ".join(line.split()), row["image_path"])
                self.assertTrue(line, row["image_path"])
        self.assertTrue(all("\n" not in row["answer"] for row in self.rows["vqa"]))
        self.assertTrue(all("\n" in row["answer"] for row in self.rows["ocr"]))

    def test_images_open(self):
        named = Counter()
        for task, row in self.all_rows:
            path = FOLDERS[task] / row["image_path"]
            named[path] += 1
            with Image.open(path) as image:
                image.load()
                self.assertIn(image.mode, ("L", "P", "RGB"), path)
                self.assertEqual(image.format, "JPEG" if row["degradation"] == "jpeg" else "PNG", path)
                self.assertTrue(600 <= image.width <= 1250, path)
                self.assertTrue(60 <= image.height <= (220 if task == "vqa" else 1000), (path, image.height))
                x0, y0, x1, y1 = map(int, row["answer_bbox"].strip("[]").split(", "))
                self.assertTrue(0 <= x0 < x1 <= image.width and 0 <= y0 < y1 <= image.height, path)
        on_disk = {path for folder in FOLDERS.values() for path in (folder / "images").iterdir()}
        self.assertEqual(set(named), on_disk, "every image is named by a row")
        self.assertEqual(sum(count == 2 for count in named.values()), 6, "strips asked twice")

    def test_rows_of_one_image_share_its_index(self):
        for task, rows in self.rows.items():
            index_of = {}
            for row in rows:
                self.assertEqual(index_of.setdefault(row["image_path"], row["data_index"]), row["data_index"])
            self.assertEqual(len(set(index_of.values())), len(index_of), task)

    def test_balance(self):
        images = {(task, row["image_path"]): row for task, row in self.all_rows}.values()
        self.assertGreaterEqual(len(images), 80)
        languages = Counter(row["language"] for row in images)
        self.assertGreaterEqual(languages["ru"], 45)
        self.assertGreaterEqual(languages["en"], 35)
        self.assertEqual(set(row["degradation"] for row in images), DEGRADATIONS)
        cells = Counter((row["doc_class"], row["language"], row["degradation"])
                        for row in images if row["language"] != "mixed")
        self.assertEqual(len(cells), 5 * 2 * 6, "every kind meets every degradation in both languages")

    def test_every_key_has_a_prompt(self):
        for task, rows in self.rows.items():
            prompts = table(PROMPTS[task])
            self.assertEqual(list(prompts[0]), ["prompt", "doc_class_question_type"])
            keys = [row["doc_class_question_type"] for row in prompts]
            self.assertEqual(len(keys), len(set(keys)))
            self.assertEqual(set(keys), {f"{row['doc_class']} {row['question_type']}" for row in rows})

    def test_size(self):
        total = sum(path.stat().st_size for folder in FOLDERS.values() for path in folder.rglob("*") if path.is_file())
        self.assertLess(total, 12_000_000)


def subset():
    """Six images: every kind and every degradation is among them."""
    wanted = [("invoice", "clean"), ("receipt", "noise"), ("letter", "rotated"), ("table", "blur"),
              ("passport", "low_contrast"), ("passport", "jpeg")]
    return [next(d for d in generate.catalogue() if (d.kind, d.degradation) == pair) for pair in wanted]


def digest(files):
    total = hashlib.sha256()
    for name, data in sorted(files.items()):
        total.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    return total.hexdigest()


@unittest.skipIf(generate is None, WHY_NOT)
class Generator(unittest.TestCase):
    def test_same_seed_same_bytes_in_another_process(self):
        documents = subset()
        self.assertEqual(len(documents), 6)
        here = digest(generate.build(7, documents))
        self.assertEqual(here, digest(generate.build(7, documents)))
        script = ("import test_generate as t; "
                  "print(t.digest(t.generate.build(7, t.subset())))")
        environment = dict(os.environ, PYTHONHASHSEED="12345", LC_ALL="C", TZ="Asia/Tokyo")
        there = subprocess.run([sys.executable, "-c", script], cwd=HERE, env=environment, check=True,
                               stdout=subprocess.PIPE, universal_newlines=True).stdout.strip()
        self.assertEqual(here, there)

    def test_another_seed_differs(self):
        documents = subset()
        self.assertNotEqual(digest(generate.build(7, documents)), digest(generate.build(8, documents)))

    def test_differences_are_found(self):
        documents = subset()[3:5]  # one of each data set
        files = generate.build(7, documents)
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            generate.write(files, Path(a))
            generate.write(files, Path(b))
            self.assertEqual(generate.differences(Path(a), Path(b)), [])
            image = next(name for name in sorted(files) if "/images/" in name)
            with Image.open(Path(b) / image) as picture:
                changed = picture.convert("RGB")
            changed.putpixel((3, 3), (1, 2, 3))
            changed.save(Path(b) / image)
            annotation = Path(b) / "datasets/ocr/demo/annotation.csv"
            annotation.write_bytes(annotation.read_bytes() + b"x")
            (Path(b) / "prompt_collections/ocr/demo_ocr.csv").unlink()
            found = generate.differences(Path(a), Path(b))
        self.assertEqual(sorted(line.split(":")[0] for line in found), ["not generated", "pixels differ", "text differs"])

    def test_a_glyph_the_font_lacks_is_an_error(self):
        import typeset
        with self.assertRaises(ValueError):
            typeset.width_of("\u4f60", typeset.Face("PT Sans", 20))
        with self.assertRaises(RuntimeError):
            typeset.width_of("a", typeset.Face("No Such Family", 20))

    def test_text_that_does_not_fit_is_an_error(self):
        import typeset
        page = typeset.Page(300, typeset.Face("PT Sans", 30))
        with self.assertRaises(ValueError):
            page.line("This line is far too long for the page")
        with self.assertRaises(ValueError):
            page.line("two  spaces")
        with self.assertRaises(ValueError):
            page.rectangle(0, 0, 5, 5, (90, 90, 90))


if __name__ == "__main__":
    unittest.main()
