"""Checks of tasks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._images import extension_of
from .._protocol import Message
from ._session import Session

MOST_SAMPLES = 2_000  # are looked at
RESERVED_FIELDS = ("id", "image_path", "question", "answer", "prompt", "system", "doc_class",
                   "question_type", "model_answer", "outcome")
GROUPINGS = ("general", "overall", "by_id")

Samples = list[tuple[Message, list[bytes]]]  # with the images that came inside


def check_task(session: Session, hello: Mapping[str, Any], root: Path) -> None:
    capabilities = hello.get("capabilities", {})
    before = _snapshot(root)
    samples: Samples = []
    with session.check("it makes samples"):
        samples += _samples(session, root)
        failed = [sample for sample, _ in samples if "error" in sample]
        for sample in failed:
            session.add_error("a sample", sample, "sample_failed")
        if not samples:
            session.found("no_samples", f"samples() yielded nothing for {root}.", "Yield "
                          "Sample(...) for what is in the folder `root`; if it needs special "
                          "files, define self_check_samples(folder) to write them, or give "
                          "--root.")
    good = [(sample, blocks) for sample, blocks in samples if "error" not in sample]
    _check_images(session, good, root)
    _check_asked(session, good)
    _check_fields(session, [sample for sample, _ in good], capabilities)
    _check_order(session, samples, root)
    with session.check("the dataset's folder is as it was"):
        if _snapshot(root) != before:
            session.found("writes_dataset", "The dataset's folder was changed.", "Write nothing "
                          "into `root`, which is read-only; take tempfile.TemporaryDirectory().")


def _samples(session: Session, root: Path) -> Samples:
    worker = session.worker()
    worker.send({"type": "samples", "id": session.new_id(), "root": str(root)})
    samples: Samples = []
    while True:
        worker.allow(session.spec.limits.timeout_s)
        message, blocks = worker.receive()
        if message["type"] == "error":
            session.add_error("samples()", message, "samples_failed")
        if message["type"] != "samples":
            return samples
        for sample in message["samples"]:
            inside = [image["attachment"] for image in sample.get("images", [])
                      if isinstance(image, dict)]
            samples.append((sample, [blocks[index] for index in inside]))
        if len(samples) >= MOST_SAMPLES:
            session.close()  # the rest stays in its pipe
            return samples


def _snapshot(root: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            found[path] = (status.st_size, status.st_mtime_ns)
    return found


def _check_images(session: Session, samples: Samples, root: Path) -> None:
    real_root = os.path.realpath(root)
    with session.check("its images are there"):
        for sample, blocks in samples:
            for image in sample["images"]:
                if isinstance(image, str):
                    _check_path(session, image, os.path.join(real_root, image), real_root)
            for block in blocks:
                if extension_of(block) == ".bin":
                    session.found("unknown_image", f"Bytes that begin with {block[:8]!r} are no "
                                  "known image.", "Give the encoded image (PNG, JPEG, ...) and not "
                                  "its pixels.")


def _check_path(session: Session, image: str, path: str, root: str) -> None:
    if os.path.commonpath([os.path.realpath(path), root]) != root:
        session.found("image_outside", f"Image {image!r} is a link that leads out of {root}.",
                      "Give the image as bytes, or copy it into the dataset.")
    elif not os.path.isfile(path):
        session.found("image_missing", f"There is no image {image!r} in {root}.", "Give paths that "
                      "exist, relative to `root`; yield an exception for a sample without image.")


def _check_asked(session: Session, samples: Samples) -> None:
    with session.check("every sample shows or asks something"):
        for index, (sample, _) in enumerate(samples):
            if not sample["images"] and not sample.get("prompt"):
                session.found("nothing_asked", f"Sample {index} has neither an image nor a prompt.",
                              "Give Sample(images=[...]) or return a text from prompt().")


def _check_fields(session: Session, samples: Sequence[Message],
                  capabilities: Mapping[str, Any]) -> None:
    declared = capabilities.get("fields", [])
    with session.check("its fields are the same in all samples"):
        for name in sorted({name for name in declared if declared.count(name) > 1}):
            session.found("duplicate_field", f"fields= of @task names {name!r} twice.",
                          "Name it once.")
        sets = {tuple(sorted(sample.get("fields", {}))) for sample in samples}
        if len(sets) > 1:
            session.found("fields_differ", f"Some samples have the fields {sorted(sets)[0]}, "
                          f"others {sorted(sets)[-1]}.",
                          "Give every sample the same fields, with None where there is nothing.")
        used = {name for names in sets for name in names}
        for name in sorted(used & set(RESERVED_FIELDS)):
            session.found("reserved_field", f"A field is called {name!r}, which is a column of its "
                          "own.", f"Rename it; use Sample.{name} where there is such an argument.")
        for name in sorted(set(declared) - used) if samples else ():
            session.found("field_missing", f"fields= of @task names {name!r}, which no sample has.",
                          "Give it to Sample(fields=...), or remove it.")
    with session.check("its groupings exist"):
        known = used | _roles(samples)
        for name in capabilities.get("group_by", []) if samples else ():
            if not _is_grouping(name, known):
                session.found("unknown_grouping", f"group_by= of @task names {name!r}; there are "
                              f"{', '.join(sorted(known)) or 'no fields'}.",
                              "Name a field of the samples, or general, by_doc_type, "
                              "by_doc_question.")


def _roles(samples: Sequence[Message]) -> set[str]:
    return {role for role in ("doc_class", "question_type")
            if any(sample.get(role) for sample in samples)}


def _is_grouping(name: str, known: set[str]) -> bool:
    if name == "by_doc_type":
        return "doc_class" in known
    if name == "by_doc_question":
        return {"doc_class", "question_type"} <= known
    return name in GROUPINGS or name in known or name.removeprefix("by_") in known


def _check_order(session: Session, samples: Samples, root: Path) -> None:
    with session.check("another process makes the same samples in the same order"):
        session.start_loaded(hash_seed=2)
        if _samples(session, root) != samples:
            session.found("not_deterministic", "Another process made other samples, or in another "
                          "order.", "Sort what comes from folders and sets, and seed a "
                          "random.Random of your own.")
