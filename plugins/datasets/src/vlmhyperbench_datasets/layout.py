"""Where the files of a dataset are: in any folder, as saved to disk, or in a cloned repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .tables import BadFile

__all__ = ["inside", "parquet_files", "saved_files"]

SHARD = re.compile(r"(?P<split>.+?)-\d+-of-\d+(-[0-9a-f]+)?$")
SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test", "eval": "test",
          "validation": "validation", "valid": "validation", "val": "validation",
          "dev": "validation"}


def inside(root: Path, path: str) -> Path:
    """`path` relative to `root`; it must not lead out of it, nor by links.

    Raises:
        BadFile: It does, or it is not there.
    """
    found = root / path
    if not found.exists():
        raise BadFile(f"{found} does not exist: correct `path`, which is relative to the dataset's "
                      "folder")
    if not found.resolve().is_relative_to(root.resolve()):
        raise BadFile(f"path: {path!r} leads out of the dataset's folder {root}: give a path inside")
    return found


def parquet_files(root: Path, path: str) -> list[Path]:
    """The Parquet file `path`, or all those below the folder `path`, sorted by their names."""
    found = inside(root, path)
    if found.is_file():
        return [found]
    files = sorted(inside(root, str(file.relative_to(root))) for file in found.rglob("*.parquet"))
    if not files:
        raise BadFile(f"{found} has no *.parquet files: correct `path`")
    return files


def saved_files(root: Path, path: str, config: str, split: str) -> list[Path]:
    """Files of one split, in order, of what `save_to_disk` wrote or of a dataset's repository.

    Raises:
        BadFile: There is no such split or config; the message has those that there are.
    """
    folder = inside(root, path)
    if (folder / "dataset_dict.json").is_file():
        splits = _json(folder / "dataset_dict.json").get("splits", [])
        name = _chosen("split", split, splits, folder)
        return _arrow_files(root, inside(root, str((folder / name).relative_to(root))), "")
    if (folder / "state.json").is_file():
        return _arrow_files(root, folder, split)
    files = parquet_files(root, path)
    configs = {file: _config(file.relative_to(folder)) for file in files}
    name = _chosen("config", config, configs.values(), folder)
    splits = {file: _split(file) for file in files if configs[file] == name}
    name = _chosen("split", split, splits.values(), folder)
    return [file for file in splits if splits[file] == name]


def _arrow_files(root: Path, folder: Path, split: str) -> list[Path]:
    state = _json(folder / "state.json")
    if split and state.get("_split") not in (None, split):
        raise BadFile(f"{folder} is the split {state['_split']!r}, not {split!r}: correct `split`, or "
                      "leave it out")
    names = [str(item["filename"]) for item in state.get("_data_files", [])]
    if not names:
        raise BadFile(f"{folder / 'state.json'} names no data files: save the dataset again")
    return [inside(root, str((folder / name).relative_to(root))) for name in names]


def _config(relative: Path) -> str:
    """The name of the configuration that a file of a repository belongs to; empty for the only one."""
    parts = [part for part in relative.parent.parts if part != "data" and part not in SPLITS]
    return "/".join(parts)


def _split(file: Path) -> str:
    shard = SHARD.match(file.stem)
    name = shard["split"] if shard else file.stem
    for candidate in (name, file.parent.name):
        if candidate in SPLITS:
            return SPLITS[candidate]
    return name if shard else "train"  # as Hugging Face's libraries take it


def _chosen(what: str, wanted: str, known: Iterable[Any], folder: Path) -> str:
    names = sorted(set(map(str, known)))
    shown = ", ".join(name or '""' for name in names)
    if wanted and wanted not in names:
        raise BadFile(f"{folder} has no {what} {wanted!r}; it has {shown}")
    if not wanted and len(names) != 1:
        raise BadFile(f"{folder} has several {what}s: give `{what}` in the task's `params`, one of "
                      f"{shown}")
    return wanted or names[0]


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise BadFile(f"{path} is no JSON object: save the dataset again")
    return value
