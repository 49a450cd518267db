"""Reads the CSV files that `vlmhb` writes (docs/formats/answers.md, metrics.md)."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Python's own limit is 128 KiB a cell; a record of vlmhb's files may be larger.
MAX_CELL_CHARS = 256 << 20

ANSWER_TYPES: Mapping[str, type] = {
    **dict.fromkeys(("id", "attempts", "prompt_tokens", "completion_tokens"), int),
    **dict.fromkeys(("ttft_ms", "tpot_ms", "latency_ms", "queue_ms", "peak_memory_mb",
                     "gpu_memory_mb"), float),
}
METRIC_TYPES: Mapping[str, type] = {
    **dict.fromkeys(("value", "ci_low", "ci_high", "coverage"), float),
    **dict.fromkeys(("count", "clusters", "expected", "failed", "missing", "unscorable"), int),
}


class Rows(list[dict[str, Any]]):
    """Rows of a table, a dict each. A cell that was not measured is None.

    Example:
        >>> rows = Rows([{"run": "a", "value": 0.1}, {"run": "b", "value": None}])
        >>> [row["run"] for row in rows if row["value"] is None]
        ['b']
    """

    def to_pandas(self) -> Any:
        """A pandas.DataFrame; ImportError says what to install."""
        return _optional("pandas").DataFrame(list(self))

    def to_polars(self) -> Any:
        """A polars.DataFrame; ImportError says what to install."""
        return _optional("polars").DataFrame(list(self), infer_schema_length=None)


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"to_{name}() needs {name}: pip install {name}") from error


def read_answers(file: Path) -> Rows:
    """answers.csv. An empty answer is an empty text, and None where the outcome is a failure."""
    rows = _read(file, lambda columns: ANSWER_TYPES)
    for row in rows:
        if row.get("outcome") in ("ok", "truncated") and row["model_answer"] is None:
            row["model_answer"] = ""
    return rows


def read_metrics(file: Path) -> Rows:
    """metrics.csv, or metrics_by_NAME.csv of a grouping."""
    return _read(file, lambda columns: METRIC_TYPES)


def read_samples(file: Path) -> Rows:
    """metrics_by_id.csv."""
    return _read(file, _sample_types)


def _sample_types(columns: Sequence[str]) -> Mapping[str, type]:
    """The last columns are pairs: a metric and its weight."""
    types: dict[str, type] = {"id": int}
    for index in range(len(columns) - 2, 0, -2):
        if columns[index + 1] != f"{columns[index]}_weight":
            break
        types |= {columns[index]: float, columns[index + 1]: float}
    return types


def _read(file: Path, types_of: Any) -> Rows:
    with open(file, encoding="utf-8-sig", newline="") as stream, _large_cells():
        reader = csv.reader(stream, delimiter=";", strict=True)
        columns = next(reader, [])
        types = types_of(columns)
        converters = [types.get(column, str) for column in columns]
        return Rows(_row(file, columns, converters, cells) for cells in reader)


def _row(file: Path, columns: Sequence[str], converters: Sequence[type],
         cells: Sequence[str]) -> dict[str, Any]:
    if len(cells) != len(columns):
        raise ValueError(f"{file}: a row has {len(cells)} cells, the header {len(columns)}")
    return {column: None if cell == "" else convert(cell)
            for column, convert, cell in zip(columns, converters, cells)}


@contextmanager
def _large_cells() -> Iterator[None]:
    before = csv.field_size_limit(MAX_CELL_CHARS)
    try:
        yield
    finally:
        csv.field_size_limit(before)
