"""The plug-in before the project's demo images, with every connection refused."""

import csv
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import yaml
from PIL import Image, ImageDraw

import vlmhyperbench_rapidocr.model
from vlmhyperbench import BadImageError, BadRequestError, Request
from vlmhyperbench_rapidocr import RapidOcrModel

EXAMPLE = Path(__file__).parents[3] / "examples/demo"
DEMO = EXAMPLE / "datasets/ocr/demo"


def setUpModule():
    global MODEL
    offline = mock.patch.object(socket.socket, "connect", side_effect=AssertionError("a connection"))
    offline.start()
    unittest.addModuleCleanup(offline.stop)
    MODEL = RapidOcrModel()
    MODEL.load()


def distance(one, other):
    """Edit distance in characters."""
    row = list(range(len(other) + 1))
    for index, left in enumerate(one, 1):
        above, row = row, [index]
        for column, right in enumerate(other, 1):
            row.append(min(row[-1] + 1, above[column] + 1, above[column - 1] + (left != right)))
    return row[-1]


def read(path):
    return MODEL.generate(Request(text="ignored", images=[path]))


@unittest.skipUnless(DEMO.is_dir(), f"no demo images in {DEMO}")
class DemoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(DEMO / "annotation.csv", encoding="utf-8-sig", newline="") as file:
            cls.answers = {row["image_path"]: row["answer"]
                           for row in csv.DictReader(file, delimiter=";")}

    def error_rate(self, name):
        answer, expected = read(DEMO / name), self.answers[name]
        return distance(answer, expected) / len(expected), answer

    def test_reads_english(self):
        rate, answer = self.error_rate("images/invoice_en_01_clean.png")
        self.assertLessEqual(rate, 0.02, answer)

    def test_reads_a_page_askew_line_by_line(self):
        rate, answer = self.error_rate("images/receipt_en_02_rotated.png")
        self.assertLessEqual(rate, 0.05, answer)

    def test_drops_cyrillic_and_keeps_digits(self):
        rate, answer = self.error_rate("images/invoice_ru_01_clean.png")
        self.assertGreater(rate, 0.4, answer)
        self.assertFalse([letter for letter in answer if "а" <= letter.lower() <= "я"], answer)
        self.assertIn("36984,00", answer)

    def test_an_answer_does_not_depend_on_the_ones_before(self):
        path = DEMO / "images/receipt_en_06_clean.png"
        self.assertEqual(read(path), read(path))


class ImageTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def test_a_blank_image_has_no_text(self):
        Image.new("RGB", (200, 100), "white").save(self.folder / "blank.png")
        self.assertEqual(read(self.folder / "blank.png"), "")

    def test_every_kind_of_pixels_is_read(self):
        page = Image.new("RGBA", (240, 60), (0, 0, 0, 0))
        ImageDraw.Draw(page).text((20, 10), "TOTAL 42", fill=(0, 0, 0, 255), font_size=32)
        white = Image.alpha_composite(Image.new("RGBA", page.size, "white"), page)
        for mode, image in (("RGBA", page), ("P", white.convert("RGB").convert("P")),
                            ("L", white.convert("L")), ("1", white.convert("1"))):
            with self.subTest(mode):
                image.save(self.folder / f"{mode}.png")
                self.assertEqual(read(self.folder / f"{mode}.png"), "TOTAL 42")

    def test_what_is_no_image_is_the_images_fault(self):
        (self.folder / "text.png").write_text("no image")
        for name in ("text.png", "missing.png"):
            with self.subTest(name), self.assertRaises(BadImageError):
                read(self.folder / name)

    def test_too_many_pixels_are_not_unpacked(self):
        Image.new("1", (20_000, 6_000)).save(self.folder / "vast.png")
        with self.assertWarns(Image.DecompressionBombWarning), \
                self.assertRaisesRegex(BadImageError, "20000 x 6000"):
            read(self.folder / "vast.png")

    def test_one_image_a_request(self):
        with self.assertRaises(BadRequestError):
            MODEL.generate(Request(text="What is the total?"))


class LoadTest(unittest.TestCase):
    @unittest.skipUnless(EXAMPLE.is_dir(), f"no {EXAMPLE}")
    def test_the_demos_entry_has_the_parameters(self):
        entry = yaml.safe_load((EXAMPLE / "registries/models/rapidocr.yaml").read_text("utf-8"))
        properties = RapidOcrModel.params_schema["properties"]
        self.assertEqual(entry["params_schema"]["properties"],
                         {name: {key: value for key, value in schema.items() if key != "default"}
                          for name, schema in properties.items()})
        self.assertEqual(entry["params"],
                         {name: schema["default"] for name, schema in properties.items()})

    def test_a_missing_model_is_told_and_not_downloaded(self):
        with mock.patch.dict(vlmhyperbench_rapidocr.model.MODEL_FILES, Det="other.onnx"):
            with self.assertRaisesRegex(FileNotFoundError, r"rapidocr==3\.10\.0"):
                RapidOcrModel().load()

    def test_heavy_libraries_come_with_load(self):
        code = ("import sys, vlmhyperbench_rapidocr; "
                "sys.exit(any(name in sys.modules for name in ('cv2', 'onnxruntime', 'numpy')))")
        self.assertEqual(subprocess.run([sys.executable, "-c", code], timeout=60).returncode, 0)


if __name__ == "__main__":
    unittest.main()
