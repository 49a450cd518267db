#!/usr/bin/env python3
"""Real recognition by the Tesseract worker: `recognition_test.py WORKER DEMO_DATASETS`."""

import base64
import csv
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "tests", "plugins"))
from plugin_client import PluginClient  # noqa: E402

WORKER = None
DATASETS = None


def rows(dataset):
    """image base name -> (absolute path, expected text)."""
    folder = os.path.join(DATASETS, dataset)
    with open(os.path.join(folder, "annotation.csv"), encoding="utf-8-sig", newline="") as file:
        return {os.path.basename(row["image_path"]): (os.path.join(folder, row["image_path"]),
                                                      row["answer"])
                for row in csv.DictReader(file, delimiter=";")}


def image(path):
    return [{"type": "image", "path": path}, {"type": "text", "text": "Прочитайте текст."}]


class Recognition(unittest.TestCase):
    def start(self, **params):
        plugin = PluginClient([WORKER], stderr=subprocess.PIPE)
        self.addCleanup(plugin.__exit__)
        self.load_reply = plugin.ask({"type": "load", "params": params})
        return plugin

    def text(self, plugin, content, **params):
        deltas, done = plugin.generate(1, content, params)
        self.assertEqual((done["type"], done.get("finish_reason")), ("done", "stop"), done)
        self.assertNotIn("usage", done)
        return "".join(deltas)

    def test_reads_russian_and_english_fields(self):
        plugin = self.start(languages="rus+eng", psm=6)
        fields = rows("vqa/demo_fields")
        for name in ("passport_ru_01_clean.png", "passport_en_01_clean.png"):
            path, expected = fields[name]
            self.assertIn(expected, self.text(plugin, image(path)))

    def test_reads_a_page_line_by_line(self):
        path, expected = rows("ocr/demo")["invoice_ru_01_clean.png"]
        plugin = self.start()
        deltas, _ = plugin.generate(1, image(path))
        self.assertGreater(len(deltas), 5)
        self.assertTrue(all(text.count("\n") == 1 and text.endswith("\n") and text.strip()
                            for text in deltas[:-1]))
        self.assertEqual(deltas[-1], deltas[-1].rstrip())
        words = expected.split()
        found = sum(word in "".join(deltas) for word in words)
        self.assertGreater(found / len(words), 0.9)

    def test_blank_lines_can_be_kept(self):
        path, _ = rows("ocr/demo")["invoice_ru_01_clean.png"]
        kept = self.text(self.start(blank_lines="keep"), image(path))
        collapsed = self.text(self.start(), image(path))
        self.assertIn("\n\n", kept)
        self.assertEqual([line for line in kept.split("\n") if line.strip()],
                         collapsed.split("\n"))

    def test_languages_differ(self):
        path, expected = rows("vqa/demo_fields")["passport_ru_01_clean.png"]
        self.assertNotIn(expected, self.text(self.start(languages="eng"), image(path)))

    def test_inside_of_the_request_is_the_same_as_by_path(self):
        path, _ = rows("vqa/demo_fields")["passport_en_01_clean.png"]
        with open(path, "rb") as file:
            data = base64.b64encode(file.read()).decode()
        plugin = self.start()
        inline = [{"type": "image", "media_type": "image/png", "data": data}]
        self.assertEqual(self.text(plugin, inline), self.text(plugin, image(path)))

    def test_an_answer_does_not_depend_on_earlier_ones(self):
        fields = rows("vqa/demo_fields")
        paths = [fields[name][0] for name in sorted(fields)[:8]]
        plugin = self.start()
        forth = [self.text(plugin, image(path)) for path in paths]
        back = [self.text(plugin, image(path)) for path in reversed(paths)]
        self.assertEqual(forth, back[::-1])

    def test_preprocessing_still_reads(self):
        path, expected = rows("vqa/demo_fields")["passport_en_01_clean.png"]
        for how in ("binarize", "upscale"):
            self.assertIn(expected, self.text(self.start(preprocess=how, psm=6), image(path)))

    def test_psm_of_a_request_overrides(self):
        path, _ = rows("ocr/demo")["invoice_ru_01_clean.png"]
        plugin = self.start(psm=7)  # one line: wrong for a page
        self.assertEqual(self.text(plugin, image(path)).count("\n"), 0)
        self.assertGreater(self.text(plugin, image(path), psm=3).count("\n"), 5)
        _, last = plugin.generate(1, image(path), {"psm": 99})
        self.assertEqual(last["code"], "bad_request")
        self.assertIn("psm", last["message"])

    def test_missing_language_names_its_package(self):
        for languages in ("xyz_old", "rus+xyz_old", "xyz_old+eng"):
            self.start(languages=languages)
            self.assertEqual(self.load_reply["code"], "load_failed")
            self.assertIn("no Tesseract data for: xyz_old;", self.load_reply["message"])
            self.assertIn("tesseract-ocr-xyz-old", self.load_reply["message"])

    def test_wrong_parameters_are_load_failed(self):
        for params in ({"language": "eng"}, {"psm": 0}, {"preprocess": "magic"},
                       {"languages": "eng", "oem": 0}):  # Debian has no data of the old engine
            self.start(**params)
            self.assertEqual(self.load_reply["code"], "load_failed", params)

    def test_only_one_image_a_request(self):
        path, _ = rows("vqa/demo_fields")["passport_en_01_clean.png"]
        plugin = self.start()
        for content in ("no image", image(path) * 2):
            _, last = plugin.generate(1, content)
            self.assertEqual(last["code"], "bad_request")

    def test_one_thread_and_quiet(self):
        path, _ = rows("vqa/demo_fields")["passport_en_01_clean.png"]
        plugin = self.start(psm=6)
        self.text(plugin, image(path))
        with open(f"/proc/{plugin.process.pid}/status", encoding="ascii") as file:
            self.assertIn("Threads:\t1\n", file.read())
        plugin.send({"type": "shutdown"})
        plugin.wait()
        self.assertEqual(plugin.process.stderr.read(), b"")


if __name__ == "__main__":
    WORKER, DATASETS = sys.argv.pop(1), os.path.abspath(sys.argv.pop(1))
    unittest.main()
