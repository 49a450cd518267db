"""The task plug-ins `parquet` and `huggingface-dataset`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vlmhyperbench import BadImageError, Sample, Task, task

from .columns import Columns, Row
from .layout import parquet_files, saved_files
from .tables import rows

__all__ = ["HuggingFaceDatasetTask", "ParquetTask"]

COLUMN = {"type": "string"}
COLUMNS_SCHEMA: dict[str, Any] = {
    "path": {"description": "File or folder, relative to the dataset's folder.", "type": "string",
             "minLength": 1, "default": "."},
    "image": {"description": "Column of the image, or a list of columns.", "default": "image",
              "anyOf": [{"type": "string", "minLength": 1},
                        {"type": "array", "items": {"type": "string", "minLength": 1}}]},
    "question": {"description": "Empty: the config asks.", **COLUMN, "default": "question"},
    "answer": {"description": "What is expected; no text becomes JSON.", **COLUMN,
               "default": "answer"},
    "doc_class": COLUMN,
    "question_type": COLUMN,
    "fields": {"description": "Further columns to keep: a list, or an object from name to column.",
               "anyOf": [{"type": "array", "items": {"type": "string", "minLength": 1}},
                         {"type": "object", "additionalProperties": {"type": "string",
                                                                     "minLength": 1}}]},
    "image_folder": {"description": "Where images that are paths are, relative to the dataset's "
                                    "folder.", "type": "string"},
}


class TableTask(Task):
    """What both tasks share: rows of tables are samples."""

    def samples(self, root: Path) -> Iterator[Sample | Exception]:
        """Rows in the order of files and rows; one without an image costs itself only."""
        for file in self.files(root):
            for index, values in enumerate(rows(file, self._columns.used())):
                try:
                    yield self._columns.row(values)
                except ValueError as error:
                    yield BadImageError(f"row {index} of {file.relative_to(root)}: {error}")

    def prompt(self, sample: Sample) -> str | None:
        """The row's own question."""
        return (sample.question or None) if isinstance(sample, Row) else None

    def files(self, root: Path) -> list[Path]:
        """The files with the rows, in order."""
        raise NotImplementedError

    def field_names(self) -> Iterable[str]:
        return self._columns.fields

    def _set_columns(self, image: str | Sequence[str], fields: Sequence[str] | Mapping[str, str],
                     **columns: str) -> None:
        self._columns = Columns(
            image=[image] if isinstance(image, str) else list(image),
            fields=dict(fields) if isinstance(fields, Mapping) else {name: name for name in fields},
            **columns)


@task("parquet", metrics=["cer", "anls"])
class ParquetTask(TableTask):
    """Samples of one Parquet file, or of all in a folder by their names."""

    params_schema = {"type": "object", "additionalProperties": False, "properties": COLUMNS_SCHEMA}

    def load(self, *, path: str = ".", image: str | Sequence[str] = "image",
             question: str = "question", answer: str = "answer", doc_class: str = "",
             question_type: str = "", fields: Sequence[str] | Mapping[str, str] = (),
             image_folder: str = "") -> None:
        """Takes names of columns; see `params_schema`."""
        self._path = path
        self._set_columns(image, fields, question=question, answer=answer, doc_class=doc_class,
                          question_type=question_type, image_folder=image_folder)

    def files(self, root: Path) -> list[Path]:
        return parquet_files(root, self._path)

    @staticmethod
    def self_check_samples(folder: Path) -> None:
        """A small dataset for `vlmhyperbench.testing`."""
        from pyarrow import parquet

        parquet.write_table(_sample_table(), folder / "samples.parquet")


@task("huggingface-dataset", metrics=["cer", "anls"])
class HuggingFaceDatasetTask(TableTask):
    """Samples of one split of a dataset that `save_to_disk` wrote, or of a cloned repository."""

    params_schema = {
        "type": "object", "additionalProperties": False,
        "properties": {
            "config": {"description": "Configuration; needed where there are several.",
                       "type": "string"},
            "split": {"description": "Needed where there are several.", "type": "string"},
            **COLUMNS_SCHEMA,
        },
    }

    def load(self, *, config: str = "", split: str = "", path: str = ".",
             image: str | Sequence[str] = "image", question: str = "question",
             answer: str = "answer", doc_class: str = "", question_type: str = "",
             fields: Sequence[str] | Mapping[str, str] = (), image_folder: str = "") -> None:
        """Takes split, configuration and names of columns; see `params_schema`."""
        self._path, self._config, self._split = path, config, split
        self._set_columns(image, fields, question=question, answer=answer, doc_class=doc_class,
                          question_type=question_type, image_folder=image_folder)

    def files(self, root: Path) -> list[Path]:
        return saved_files(root, self._path, self._config, self._split)

    @staticmethod
    def self_check_samples(folder: Path) -> None:
        """A small dataset for `vlmhyperbench.testing`."""
        from pyarrow import ipc

        table = _sample_table()
        with ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), table.schema) as writer:
            writer.write_table(table)
        (folder / "state.json").write_text(
            '{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}', "utf-8")


def _sample_table() -> Any:
    import base64

    import pyarrow

    image = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mO4CwAA"
                             "3wDehPEKOwAAAABJRU5ErkJggg==")
    return pyarrow.table({"image": [{"bytes": image, "path": "1.png"}] * 2,
                          "question": ["What is the total?", "Какова сумма?"],
                          "answer": ["12.50", "12,50"]})
