"""What the columns of a table mean, and the sample that a row is."""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from vlmhyperbench import Sample

__all__ = ["Columns", "Row"]

# Columns that imported datasets have already (docs/formats/dataset.md of VLMHyperBench).
RESERVED_FIELDS = frozenset(("id", "image_path", "question", "answer", "prompt", "system",
                             "doc_class", "question_type", "model_answer", "outcome"))


@dataclass(frozen=True)
class Row(Sample):
    """A sample with its own question; empty if it has none."""

    question: str = ""


@dataclass(frozen=True)
class Columns:
    """Names of columns; a dot leads into a struct or a list, as in `meta.language`, `answers.0`.

    Attributes:
        image: One column for each image; a column may also hold a list of images.
        fields: Names of a sample's further fields, and their columns.
        image_folder: Where images that are paths are, relative to the dataset's folder.
    """

    image: Sequence[str] = ("image",)
    question: str = ""
    answer: str = ""
    doc_class: str = ""
    question_type: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    image_folder: str = ""

    def __post_init__(self) -> None:
        if taken := sorted(RESERVED_FIELDS & set(self.fields)):
            raise ValueError(f"fields: {', '.join(taken)} cannot be the name of a field: give "
                             f"another one, as in {{\"{taken[0]}_of_source\": "
                             f"\"{self.fields[taken[0]]}\"}}")

    def used(self) -> list[str]:
        """All columns that are read."""
        single = [self.question, self.answer, self.doc_class, self.question_type]
        return [name for name in [*self.image, *single, *self.fields.values()] if name]

    def row(self, values: Mapping[str, Any]) -> Row:
        """The sample that a row is.

        Raises:
            ValueError: The row has no image where one is expected, or what is no image.
        """
        images = [image for name in self.image for image in self._images(name, _value(values, name))]
        return Row(
            images=images, reference=to_json(_value(values, self.answer)),
            fields={name: to_text(_value(values, column)) for name, column in self.fields.items()},
            doc_class=to_text(_value(values, self.doc_class)),
            question_type=to_text(_value(values, self.question_type)),
            question=to_text(_value(values, self.question)))

    def _images(self, name: str, value: Any) -> Iterable[bytes | str]:
        if isinstance(value, list):
            for item in value:
                yield self._image(name, item)
        else:
            yield self._image(name, value)

    def _image(self, name: str, value: Any) -> bytes | str:
        if isinstance(value, dict):  # as Hugging Face's libraries store it
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes) and value:
            return value
        if isinstance(value, str) and value:
            return str(PurePosixPath(self.image_folder, value))
        raise ValueError(f"column {name!r} has {type(value).__name__} {value!r:.40}, and no image: "
                         "images are encoded bytes, paths, or structs of bytes and path")


def top_level(name: str, known: Iterable[str]) -> str:
    """The column of a table that `name` is, or leads into."""
    return name if name in set(known) else name.partition(".")[0]


def _value(values: Any, name: str) -> Any:
    """What `name` leads to; None where nothing is."""
    if not name:
        return None
    if isinstance(values, Mapping) and name in values:
        return values[name]
    head, _, rest = name.partition(".")
    if isinstance(values, Mapping):
        return _value(values.get(head), rest) if rest else None
    if isinstance(values, list) and head.isdecimal() and int(head) < len(values):
        item = values[int(head)]
        return _value(item, rest) if rest else item
    return None


def to_json(value: Any) -> Any:
    """`value` of a table as what JSON can say.

    Example:
        >>> to_json({"day": datetime.date(2025, 11, 7), "sum": decimal.Decimal("1.50")})
        {'day': '2025-11-07', 'sum': '1.50'}
    """
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, (datetime.date, datetime.time, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (decimal.Decimal, datetime.timedelta)):
        return str(value)
    raise ValueError(f"{type(value).__name__} {value!r:.40} has no form in JSON")


def to_text(value: Any) -> str:
    """`value` as a cell: texts as they are, nothing as an empty text, all else as JSON.

    Example:
        >>> [to_text(value) for value in ("a", None, 1.5, True, ["b", {"c": None}])]
        ['a', '', '1.5', 'true', '["b",{"c":null}]']
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    found = to_json(value)
    if isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
