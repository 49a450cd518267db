#!/usr/bin/python3
"""Writes the demo data set: images of invented documents, what they say, and prompts to read them with.

    generate.py                 write datasets/ and prompt_collections/ beside this file
    generate.py --out DIR       write them elsewhere
    generate.py --check         regenerate and compare with --out; exit code 1 and a list of differences

The same seed gives the same bytes with the same versions of Pango, Cairo, Pillow, numpy and the fonts.
"""

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy
from PIL import Image

import degrade
import fields
import layouts
import tasks
from typeset import Face

DEFAULT_SEED = 2025
COLUMNS = ["data_index", "split", "image_path", "question", "answer", "doc_class", "question_type", "answer_bbox",
           "language", "degradation", "font", "size_px"]
DATASETS = {"ocr": "datasets/ocr/demo", "vqa": "datasets/vqa/demo_fields"}
PROMPTS = {"ocr": "prompt_collections/ocr/demo_ocr.csv", "vqa": "prompt_collections/vqa/demo_fields.csv"}

TEXT_FONTS = ["PT Sans", "Liberation Serif", "DejaVu Sans", "PT Serif", "Noto Sans", "DejaVu Serif", "Liberation Sans",
              "Noto Serif"]
MONO_FONTS = ["PT Mono", "DejaVu Sans Mono", "Liberation Mono"]
# The set width of the font: wide ones are set smaller, so that all pages are about as wide.
WIDE = {"DejaVu Sans": 0.9, "DejaVu Serif": 0.9, "Noto Sans": 0.94, "Noto Serif": 0.94}
PAGE_SIZES = [28, 30, 29, 32, 31]
RECEIPT_SIZES = [27, 30, 28, 31]
STRIP_SIZES = [34, 38, 36, 42, 40]
LONG_STRIP_SIZE = 34
DEGRADATIONS = list(degrade.DEGRADATIONS)
PAGES = {"invoice": layouts.invoice, "receipt": layouts.receipt, "letter": layouts.letter, "table": layouts.table}
# Some strips are asked twice, in other words: statistics must see that such rows belong together. One per degradation.
ASKED_TWICE = {("ru", 1, 0), ("ru", 1, 3), ("ru", 1, 5), ("en", 1, 4), ("en", 1, 1), ("en", 1, 2)}
MIXED = ["invoice", "table", "receipt", "letter", "invoice", "table"]


class Document(NamedTuple):
    """One image to be made."""
    task: str
    name: str
    kind: str
    question_type: str
    language: str
    degradation: str
    face: Face
    turn: int
    questions: Tuple[str, ...]


class Rendered(NamedTuple):
    file_name: str
    data: bytes
    text: str
    box: Tuple[int, int, int, int]


def catalogue() -> List[Document]:
    """Every image, so crossed that kind, language and font are spread over the degradations."""
    return _pages() + _strips()


def _pages() -> List[Document]:
    wanted = [(kind, language, turn, DEGRADATIONS[(turn + shift) % 6])
              for shift, kind in enumerate(PAGES) for language in ("ru", "en") for turn in range(6)]
    wanted += [(kind, "mixed", turn, DEGRADATIONS[turn]) for turn, kind in enumerate(MIXED)]
    documents = []
    for index, (kind, language, turn, degradation) in enumerate(wanted):
        fonts, sizes = (MONO_FONTS, RECEIPT_SIZES) if kind == "receipt" else (TEXT_FONTS, PAGE_SIZES)
        family = fonts[(index + index // 6) % len(fonts)]
        face = Face(family, round(sizes[index % len(sizes)] * WIDE.get(family, 1)))
        documents.append(Document("ocr", f"{kind}_{language}_{turn + 1:02d}_{degradation}", kind, "full_text", language,
                                  degradation, face, turn, (fields.FULL_TEXT_QUESTIONS[language],)))
    return documents


def _strips() -> List[Document]:
    documents = []
    for language, types in fields.STRIP_TYPES.items():
        for turn in range(3):
            for place, question_type in enumerate(types):
                index = len(documents)
                number = turn * len(types) + place
                degradation = DEGRADATIONS[(place + 2 * turn) % 6]
                family = TEXT_FONTS[(index * 3 + turn) % len(TEXT_FONTS)]
                size = LONG_STRIP_SIZE if question_type == "issued_by" else STRIP_SIZES[index % len(STRIP_SIZES)]
                face = Face(family, round(size * WIDE.get(family, 1)))
                count = 2 if (language, turn, place) in ASKED_TWICE else 1
                documents.append(Document("vqa", f"passport_{language}_{number + 1:02d}_{degradation}", "passport",
                                          question_type, language, degradation, face, turn,
                                          fields.QUESTIONS[language][question_type][:count]))
    return documents


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:4], "big")


def render(document: Document, seed: int) -> Rendered:
    rng = Random(_seed(seed, document.name))
    if document.kind == "passport":
        value = fields.strip_value(rng, document.language, document.question_type, document.turn)
        page = layouts.strip(rng, value, document.face, rng.randrange(4))
        image, text, box = page.finish(height=int(document.face.size_px * 2.1))
    else:
        image, text, box = PAGES[document.kind](rng, document.language, document.face, document.turn).finish()
    image, box = degrade.apply(document.degradation, image, box, _seed(seed, document.name + "/degrade"),
                               document.face.size_px)
    extension, data = degrade.encode(document.degradation, image)
    return Rendered(f"images/{document.name}.{extension}", data, text, box)


def build(seed: int, documents: Optional[List[Document]] = None) -> Dict[str, bytes]:
    """Every file of the data set: relative path -> bytes."""
    files: Dict[str, bytes] = {}
    rows: Dict[str, List[List[str]]] = {task: [] for task in DATASETS}
    indices = {task: 0 for task in DATASETS}
    for document in catalogue() if documents is None else documents:
        task = document.task
        made = render(document, seed)
        files[f"{DATASETS[task]}/{made.file_name}"] = made.data
        for question in document.questions:
            rows[task].append([str(indices[task]), "test", made.file_name, question, made.text, document.kind,
                               document.question_type, str(list(made.box)), document.language, document.degradation,
                               document.face.family, f"{document.face.size_px:g}"])
        indices[task] += 1
    for task, folder in DATASETS.items():
        files[f"{folder}/annotation.csv"] = tasks.csv_bytes(COLUMNS, rows[task])
    header = ["prompt", "doc_class_question_type"]
    files[PROMPTS["ocr"]] = tasks.csv_bytes(header, [[prompt, f"{kind} full_text"]
                                                     for kind, prompt in fields.FULL_TEXT_PROMPTS.items()])
    files[PROMPTS["vqa"]] = tasks.csv_bytes(header, [[fields.field_prompt(question_type), f"passport {question_type}"]
                                                     for question_type in fields.FIELD_PROMPTS])
    if documents is None:
        files.update(tasks.derive(files))
    return files


def write(files: Dict[str, bytes], out: Path) -> None:
    for relative, data in sorted(files.items()):
        path = out / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for folder in DATASETS.values():
        for path in (out / folder / "images").glob("*"):  # of an earlier catalogue
            if f"{folder}/images/{path.name}" not in files:
                path.unlink()


def _same_pixels(a: Path, b: Path) -> bool:
    with Image.open(a) as left, Image.open(b) as right:
        return left.size == right.size and numpy.array_equal(numpy.asarray(left.convert("RGB")),
                                                             numpy.asarray(right.convert("RGB")))


def differences(expected: Path, actual: Path) -> List[str]:
    """How two generated trees differ: ground truth byte for byte, pictures pixel for pixel."""
    def listing(root: Path):
        return {str(path.relative_to(root)) for top in ("datasets", "prompt_collections")
                for path in (root / top).rglob("*")
                if path.is_file() and path.suffix != ".yaml"}  # those are written by hand

    before, after = listing(expected), listing(actual)
    found = [f"not generated: {name}" for name in sorted(before - after)]
    found += [f"missing: {name}" for name in sorted(after - before)]
    for name in sorted(before & after):
        if (expected / name).read_bytes() == (actual / name).read_bytes():
            continue
        if name.endswith(".csv"):
            found.append(f"text differs: {name}")
        elif not _same_pixels(expected / name, actual / name):
            found.append(f"pixels differ: {name}")
    return found


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="default: beside this file")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--check", action="store_true", help="write nothing; compare --out with what would be written")
    options = parser.parse_args(arguments)
    files = build(options.seed)
    if options.check:
        with tempfile.TemporaryDirectory() as temporary:
            write(files, Path(temporary))
            found = differences(options.out, Path(temporary))
        for line in found:
            print(line)
        print(f"{len(found)} differences in {len(files)} files")
        return 1 if found else 0
    write(files, options.out)
    print(f"{len(files)} files, {sum(map(len, files.values())) / 1e6:.2f} MB in {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
