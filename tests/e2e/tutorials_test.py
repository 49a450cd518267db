#!/usr/bin/env python3
"""The pages of docs/tutorials, followed to the letter, in both languages."""

import pathlib
import shutil
import tempfile
import unittest

import tutorial

PAGES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "tutorials"
NAMES = ("metric.md", "model.md", "task.md")  # the third goes on where the second ends


def code_of(page):
    """All but the prose: what is written, run and shown."""
    return [(block.language, block.words, block.text) for block in tutorial.blocks(page)]


class TutorialsTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        try:
            tutorial.check_machine()
        except FileNotFoundError as error:
            self.skipTest(str(error))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vlmhb-tutorials."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def test_both_languages_can_be_followed(self):
        english = tutorial.Tutorial(self.folder / "en")
        for name in NAMES:
            with self.subTest(page=name):
                english.follow(PAGES / name)
        russian = tutorial.Tutorial(self.folder / "ru")
        russian.take_environments(english)
        for name in NAMES:
            with self.subTest(page=f"ru/{name}"):
                russian.follow(PAGES / "ru" / name)


class PagesTest(unittest.TestCase):
    maxDiff = 4000

    def test_both_languages_have_the_same_code(self):
        for name in NAMES:
            with self.subTest(page=name):
                self.assertEqual(code_of(PAGES / name), code_of(PAGES / "ru" / name))

    def test_every_block_is_used(self):
        for page in [PAGES / name for name in NAMES]:
            for block in tutorial.blocks(page):
                with self.subTest(line=f"{page.name}:{block.line}"):
                    self.assertTrue(block.option("file") or {"run", "output"} & set(block.words))

    def test_what_is_not_printed_is_noticed(self):
        printed = "20:15:01  a/infer  done  4 samples in 0.7 s\nsame\n"
        self.assertEqual(tutorial.missing_lines("... a/infer  done  4 samples ...\n", printed), [])
        self.assertEqual(tutorial.missing_lines("a/infer  done\nsame\nsame\n", printed),
                         ["a/infer  done", "same"])


if __name__ == "__main__":
    unittest.main()
