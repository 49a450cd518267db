"""Rows of Parquet and Arrow files, a few at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .columns import top_level

__all__ = ["BadFile", "rows"]

ROWS_AT_ONCE = 16  # images of some MB each
READ_AHEAD_BYTES = 1 << 20  # of each column; 0 would read the whole column of a row group

LFS_POINTER = b"version https://git-lfs"


class BadFile(Exception):
    """A file of the dataset cannot be read, or has not the columns that were asked for."""


def rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of the file `path`, as dicts with those columns of it that `columns` lead into.

    Class labels of Hugging Face's are given by their names.

    Raises:
        BadFile: With what to do about it.
    """
    import pyarrow

    if path.stat().st_size < 1024 and path.read_bytes().startswith(LFS_POINTER):
        raise BadFile(f"{path} is a pointer of Git LFS, not the file itself: run `git lfs pull`")
    read = _parquet_batches if path.suffix == ".parquet" else _arrow_batches
    try:
        for batch in read(path, columns):
            labels = _label_names(batch.schema)
            for row in batch.to_pylist():
                yield _with_labels(row, labels) if labels else row
    except (pyarrow.ArrowException, OSError) as error:
        raise BadFile(f"{path} cannot be read: {error}") from error


def _parquet_batches(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    from pyarrow import parquet

    with parquet.ParquetFile(path, pre_buffer=False, buffer_size=READ_AHEAD_BYTES) as file:
        names = _checked(path, columns, file.schema_arrow.names)
        yield from file.iter_batches(ROWS_AT_ONCE, columns=names, use_threads=False)


def _arrow_batches(path: Path, columns: Sequence[str]) -> Iterator[Any]:
    import pyarrow
    from pyarrow import ipc

    # Hugging Face's libraries write the format of streams, not that of files.
    with pyarrow.memory_map(str(path)) as source, ipc.open_stream(source) as reader:
        names = _checked(path, columns, reader.schema.names)
        for batch in reader:
            selected = batch.select(names)
            for begin in range(0, selected.num_rows, ROWS_AT_ONCE):
                yield selected.slice(begin, ROWS_AT_ONCE)


def _checked(path: Path, columns: Sequence[str], known: Sequence[str]) -> list[str]:
    """The table's own columns that `columns` lead into, each once."""
    names = list(dict.fromkeys(top_level(name, known) for name in columns))
    if missing := [name for name in names if name not in known]:
        raise BadFile(f"{path} has no column {', '.join(map(repr, missing))}; it has "
                      f"{', '.join(known)}. Name the columns in the task's `params`; an empty text is "
                      "none")
    return names


Labels = Mapping[str, Callable[[Any], Any]]


def _label_names(schema: Any) -> Labels:
    """For each column of class labels a function from a number to its name."""
    try:
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        return {name: _namer(feature["names"]) for name, feature in features.items()
                if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
                and name in schema.names}
    except (TypeError, KeyError, ValueError, AttributeError):  # no such metadata, or foreign ones
        return {}


def _namer(names: Sequence[str]) -> Callable[[Any], Any]:
    return lambda value: names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def _with_labels(row: dict[str, Any], labels: Labels) -> dict[str, Any]:
    return row | {name: label(row[name]) for name, label in labels.items()}
