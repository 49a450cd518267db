"""Sample input for plug-ins that bring none of their own."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

QUESTIONS = ("What is the total?", "Какова сумма к оплате? Ответьте одной строкой.", "")

# (prediction, reference)
PAIRS = (
    ("Total: 12.50", "Total: 12.50"),
    ("Итого: 12,50 руб.", "Итого: 12,50 руб."),
    ("Total: 99", "Total: 12.50"),
    ("Сумма не указана", "Итого: 12,50 руб."),
    ("", "Total: 12.50"),
    ("Total: 12.50", ""),
    ("", ""),
    ("cafe\u0301 \U0001f9fe \u202e\u0416", "café 🧾 Ж"),
    ("word " * 400, "слово " * 400),
    ('{"total": 12.5}', '{"total": 12.50}'),
    ("line one\nline two\t ", " line one line two"),
)


def png(width: int = 32, height: int = 32) -> bytes:
    """A small grey picture with a dark frame."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    edge = b"\0" * width
    middle = b"\0" + b"\xdd" * (width - 2) + b"\0"
    rows = [edge] + [middle] * (height - 2) + [edge]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
            + chunk(b"IEND", b""))


def write_dataset(folder: Path) -> None:
    """A dataset of two pages, in the form of docs/formats/dataset.md."""
    for name in ("1.png", "2.png"):
        (folder / name).write_bytes(png())
    (folder / "annotation.csv").write_text(
        "image_path;question;answer;doc_class;question_type\n"
        "1.png;What is the total?;12.50;receipt;total\n"
        "2.png;Какова сумма?;12,50;чек;сумма\n", "utf-8")
