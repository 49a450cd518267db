#!/usr/bin/python3
"""Derives the small data sets of the further tasks from the demo's documents: kie, classification, multiple choice,
captioning, grounding and page sorting.

    tasks.py            write them beside this file, from the images and annotations that are there

Needs nothing but Python. `generate.py` calls `derive` too, so that its --check covers these files.
"""

import csv
import io
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Dict, Iterable, List, Tuple

Files = Dict[str, bytes]
Row = Dict[str, str]

OCR, STRIPS = "datasets/ocr/demo", "datasets/vqa/demo_fields"
COLUMNS = ["data_index", "split", "image_path", "question", "answer", "doc_class", "question_type", "language"]
# The small ones: each data set has copies, since images lie inside of their data set.
DOCUMENTS = ["invoice_ru_06_jpeg.jpg", "invoice_en_06_jpeg.jpg", "receipt_ru_05_jpeg.jpg", "receipt_en_05_jpeg.jpg",
             "letter_ru_04_jpeg.jpg", "letter_en_04_jpeg.jpg", "table_ru_03_jpeg.jpg", "table_en_03_jpeg.jpg"]
WITH_TOTAL = DOCUMENTS[:4]
LETTERS = ["letter_ru_05_clean.png", "letter_en_05_clean.png"]
FIELDS = {"number": r"(?:№|No\.) (\d+)", "date": r"(\d{2}\.\d{2}\.\d{4}|\d{1,2} [A-Z][a-z]+ \d{4})",
          "total": r"^(?:Всего к оплате|Total due|Итого|Total) ([\d,.]+)"}
NAMES = {"invoice": {"ru": "счёт", "en": "invoice"}, "receipt": {"ru": "кассовый чек", "en": "receipt"},
         "letter": {"ru": "письмо", "en": "letter"}, "table": {"ru": "таблица", "en": "table"}}
KIE_PROMPTS = {
    "invoice": "Извлеките из счёта поля seller, number, date, total. / Extract the fields seller, number, date and "
               "total (all that is due) of the invoice.",
    "receipt": "Извлеките из чека поля seller, number, date, total. / Extract the fields seller, number, date and "
               "total of the receipt.",
}
JSON_ONLY = " Ответьте только объектом JSON. / Answer with one JSON object only."


def _rows(data: bytes) -> List[Row]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def csv_bytes(header: List[str], rows: Iterable[List[str]]) -> bytes:
    """A file as the predecessor writes it: BOM, semicolons, CRLF."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def _annotation(rows: Iterable[Tuple[str, str, str, str, str, str]]) -> bytes:
    return csv_bytes(COLUMNS, [[str(i), "test", *row] for i, row in enumerate(rows)])


def _json(value) -> str:
    return json.dumps(value, ensure_ascii=False)


def fields_of(text: str) -> Dict[str, str]:
    """What an invoice or a receipt says, from its lines."""
    def found(name: str) -> List[str]:
        return re.findall(FIELDS[name], text, re.MULTILINE)

    # What is to be paid stands below the sum without tax, and the date of payment below the invoice's own.
    return {"seller": text.split("\n")[0], "number": found("number")[0], "date": found("date")[0],
            "total": found("total")[-1]}


def png_rows(data: bytes) -> Tuple[List[Tuple[bytes, bytes]], List[bytes]]:
    """The chunks that are no image data, and the rows of pixels without their filters."""
    chunks, packed, at = [], b"", 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + size]
        packed += body if kind == b"IDAT" else b""
        if kind not in (b"IDAT", b"IEND"):
            chunks.append((kind, body))
        at += size + 12
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[0][1])
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    stride, step, raw = (width * bits + 7) // 8, max(1, bits // 8), zlib.decompress(packed)
    rows, above = [], bytearray(stride)
    for y in range(height):
        kind, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            left, up = row[x - step] if x >= step else 0, above[x]
            corner = above[x - step] if x >= step else 0
            nearest = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
            row[x] = (row[x] + (0, left, up, (left + up) // 2, nearest)[kind]) & 255
        rows.append(bytes(row))
        above = row
    return chunks, rows


def png_of(chunks: List[Tuple[bytes, bytes]], rows: List[bytes]) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunks[0][1][:4] + struct.pack(">I", len(rows)) + chunks[0][1][8:]
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*other) for other in chunks[1:])
            + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def cut_into_pages(data: bytes, count: int) -> List[bytes]:
    """A picture cut between its lines of text, from top to bottom."""
    chunks, rows = png_rows(data)
    # Between two lines of text all rows are alike.
    blank = [y for y in range(4, len(rows) - 4) if len(set(rows[y - 4:y + 4])) == 1]
    cuts = [min(blank, key=lambda y: abs(y - len(rows) * i // count)) for i in range(1, count)]
    edges = [0, *cuts, len(rows)]
    return [png_of(chunks, rows[top:bottom]) for top, bottom in zip(edges, edges[1:])]


class Source:
    """The demo's documents by the name of their image."""

    def __init__(self, files: Files):
        self.files = files
        self.rows = {row["image_path"].split("/")[-1]: (folder, row) for folder in (OCR, STRIPS)
                     for row in _rows(files[f"{folder}/annotation.csv"])}

    def image(self, name: str) -> bytes:
        return self.files[f"{self.rows[name][0]}/images/{name}"]

    def row(self, name: str) -> Row:
        return self.rows[name][1]


def _copies(source: Source, folder: str, names: Iterable[str]) -> Files:
    return {f"{folder}/images/{name}": source.image(name) for name in names}


def kie(source: Source) -> Files:
    folder, rows = "datasets/kie/demo", []
    for name in WITH_TOTAL:
        row = source.row(name)
        question = KIE_PROMPTS[row["doc_class"]] + JSON_ONLY
        rows.append((f"images/{name}", question, _json(fields_of(row["answer"])), row["doc_class"], "fields",
                     row["language"]))
    prompts = [[prompt + JSON_ONLY, f"{kind} fields"] for kind, prompt in KIE_PROMPTS.items()]
    return {f"{folder}/annotation.csv": _annotation(rows), **_copies(source, folder, WITH_TOTAL),
            "prompt_collections/kie/demo_kie.csv": csv_bytes(["prompt", "doc_class_question_type"], prompts)}


def classification(source: Source) -> Files:
    folder, rows = "datasets/classification/demo", []
    question = "Is this an invoice, a receipt, a letter or a table? Answer with one word. / Ответьте одним " \
               "английским словом."
    for name in DOCUMENTS:
        row = source.row(name)
        rows.append((f"images/{name}", question, row["doc_class"], row["doc_class"], "class", row["language"]))
    return {f"{folder}/annotation.csv": _annotation(rows), **_copies(source, folder, DOCUMENTS)}


def multiple_choice(source: Source) -> Files:
    folder, rows = "datasets/multiple_choice/demo", []
    asked = {"ru": "Какая сумма указана к оплате? Ответьте буквой.", "en": "Which total is to be paid? Answer with "
             "the letter."}
    totals = [fields_of(source.row(name)["answer"])["total"] for name in WITH_TOTAL]
    for i, name in enumerate(WITH_TOTAL):
        row = source.row(name)
        choices = totals[i:] + totals[:i]
        right = (i * 3 + 1) % 4  # the letters are used evenly
        choices[0], choices[right] = choices[right], choices[0]
        question = "\n".join([asked[row["language"]]] + [f"{'ABCD'[j]}) {total}" for j, total in enumerate(choices)])
        rows.append((f"images/{name}", question, "ABCD"[right], row["doc_class"], "total", row["language"]))
    return {f"{folder}/annotation.csv": _annotation(rows), **_copies(source, folder, WITH_TOTAL)}


def captioning(source: Source) -> Files:
    folder, rows = "datasets/captioning/demo", []
    for name in DOCUMENTS[4:]:
        row = source.row(name)
        kind, language = NAMES[row["doc_class"]], row["language"]
        captions = {"ru": [f"Скан документа: {kind['ru']} на русском языке", f"На изображении {kind['ru']}"],
                    "en": [f"A scan of a {kind['en']} in English", f"The image shows a {kind['en']}"]}[language]
        question = {"ru": "Опишите изображение одним предложением.", "en": "Describe the image in one sentence."}
        rows.append((f"images/{name}", question[language], _json(captions), row["doc_class"], "caption", language))
    return {f"{folder}/annotation.csv": _annotation(rows), **_copies(source, folder, DOCUMENTS[4:])}


def grounding(source: Source) -> Files:
    folder, rows = "datasets/grounding/demo", []
    strips = sorted(name for name, (place, row) in source.rows.items()
                    if place == STRIPS and row["degradation"] in ("clean", "rotated"))
    names = [name for language in ("ru", "en") for name in [n for n in strips if f"_{language}_" in n][:3]]
    for name in names:
        row = source.row(name)
        width, height = struct.unpack_from(">II", source.image(name), 16)
        reference = {"bbox": json.loads(row["answer_bbox"]), "width": width, "height": height}
        question = {"ru": "Где написано значение поля? Ответьте рамкой [x1, y1, x2, y2] в пикселях.",
                    "en": "Where is the field's value written? Answer with its box [x1, y1, x2, y2] in pixels."}
        rows.append((f"images/{name}", question[row["language"]], _json(reference), row["doc_class"],
                     row["question_type"], row["language"]))
    return {f"{folder}/annotation.csv": _annotation(rows), **_copies(source, folder, names)}


def page_sorting(source: Source) -> Files:
    folder, rows, images = "datasets/page_sorting/demo", [], {}
    question = "These are parts of one letter, in mixed order. For each image, in the order given, write its place " \
               "from the top, as a JSON list. / Укажите место каждого фрагмента сверху вниз списком JSON."
    for name, orders in zip(LETTERS, ([[2, 3, 1], [3, 1, 2]], [[3, 2, 1], [1, 3, 2]])):
        row = source.row(name)
        pages = cut_into_pages(source.image(name), 3)
        names = [f"images/{name[:-4]}_page{i + 1}.png" for i in range(3)]
        images.update({f"{folder}/{page}": data for page, data in zip(names, pages)})
        for order in orders:
            rows.append((_json([names[place - 1] for place in order]), question, _json(order), row["doc_class"],
                         "order", row["language"]))
    return {f"{folder}/annotation.csv": _annotation(rows), **images}


def derive(files: Files) -> Files:
    """The files of all further data sets, from those of the first two."""
    source, derived = Source(files), {}
    for make in (kie, classification, multiple_choice, captioning, grounding, page_sorting):
        derived.update(make(source))
    return derived


def main() -> None:
    here = Path(__file__).resolve().parent
    files = {str(path.relative_to(here)): path.read_bytes()
             for folder in (OCR, STRIPS) for path in (here / folder).rglob("*") if path.is_file()}
    derived = derive(files)
    for relative, data in sorted(derived.items()):
        (here / relative).parent.mkdir(parents=True, exist_ok=True)
        (here / relative).write_bytes(data)
    print(f"{len(derived)} files, {sum(map(len, derived.values())) / 1e6:.2f} MB in {here}")


if __name__ == "__main__":
    main()
