#!/usr/bin/env python3
"""Turns the installed package easy-vqa into a dataset of ours, by JSON Lines and `vlmhb data import`.

    pip install easy-vqa
    convert.py --to datasets/VQA/easy_vqa [--data FOLDER] [--split test]

easy-vqa (5,000 images of coloured shapes, 48,248 questions) keeps questions.json beside images/ for
each split, a list of [question, answer, image id]. VLMHB names the program; default: vlmhb.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SHAPES = {"circle", "rectangle", "triangle"}


def question_type(answer):
    if answer in ("yes", "no"):
        return "yes_no"
    return "shape" if answer in SHAPES else "color"


def installed_data():
    package = importlib.util.find_spec("easy_vqa")
    if package is None:
        sys.exit("easy-vqa is not installed: pip install easy-vqa, or give --data")
    return pathlib.Path(package.origin).parent / "data"


def records(data, split):
    for question, answer, image in json.loads((data / split / "questions.json").read_text()):
        yield {"image": f"{split}/images/{image}.png", "question": question, "answer": answer,
               "doc_class": "shapes", "question_type": question_type(answer), "split": split}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", required=True, help="the new dataset's folder")
    parser.add_argument("--data", type=pathlib.Path, help="the package's folder data/")
    parser.add_argument("--split", choices=["train", "test"], help="only this split")
    options = parser.parse_args()
    data = options.data or installed_data()
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder) / "easy_vqa.jsonl"
        with lines.open("w", encoding="utf-8") as file:
            for split in ("train", "test"):
                for record in records(data, split):
                    file.write(json.dumps(record) + "\n")
        command = [os.environ.get("VLMHB", "vlmhb"), "data", "import", str(lines),
                   "--images", str(data), "--to", options.to]
        if options.split:
            command += ["--split", options.split]
        sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
