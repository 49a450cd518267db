"""Answers `samples`: batches of samples, bounded in number and bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ._failure import CAUGHT, message_of, traceback_of
from ._images import extension_of
from ._protocol import MAX_BLOCK_BYTES, MAX_BLOCKS_BYTES, Message, encode_json
from ._service import Service
from .errors import BadRequestError, ContractError, shown
from .task import Prompt, Sample

MAX_SAMPLES = 256  # of one message
BATCH_BYTES = 8 << 20  # a message is sent once it has so many
MAX_SAMPLE_BYTES = 32 << 20  # of JSON


class TaskService(Service):
    """Serves the samples of one task."""

    requests = {"samples": "samples"}

    def loaded(self, instance: Any) -> Message:
        names = list(instance.field_names())
        if not all(isinstance(name, str) for name in names):
            raise ContractError(f"field_names() returned {shown(names)}", "return names, as texts")
        return super().loaded(instance) | ({"fields": names} if names else {})

    def samples(self, request_id: int, message: Message) -> None:
        root = message.get("root")
        if not isinstance(root, str) or not os.path.isdir(root):
            raise BadRequestError(f"'samples' needs a folder 'root', not {root!r}")
        samples = self.instance.samples(Path(root))
        if not isinstance(samples, Iterable):
            raise ContractError(f"samples() returned {shown(samples)}",
                                "yield Sample(...), or return a list of them")
        batch = Batch(self, request_id)
        for sample in samples:
            batch.add(*self._encode(sample, root))
        batch.flush()
        self.send({"type": "done", "id": request_id})

    def send_batch(self, request_id: int, samples: list[bytes], blocks: list[bytes]) -> None:
        head = b'{"type":"samples","id":%d,"samples":[' % request_id
        tail = b'],"attachments":%s}' % encode_json([len(block) for block in blocks])
        payload = head + b",".join(samples) + (tail if blocks else b"]}")
        self.send_payload(lambda: self._writer.send_payload(payload, blocks))

    def _encode(self, sample: object, root: str) -> tuple[dict[str, Any], list[bytes]]:
        """The sample as the protocol has it, and its attachments; its failure is such a sample."""
        if isinstance(sample, Exception):
            return {"error": message_of(sample)}, []
        try:
            if not isinstance(sample, Sample):
                raise ContractError(f"samples() yielded {shown(sample)}", "yield Sample(...)")
            return self._encode_sample(sample, root)
        except CAUGHT as error:
            failure = {"error": message_of(error)}
            if not isinstance(error, ContractError):
                failure["traceback"] = traceback_of(error)
            return failure, []

    def _encode_sample(self, sample: Sample, root: str) -> tuple[dict[str, Any], list[bytes]]:
        images, blocks = _encode_images(sample, root)
        encoded: dict[str, Any] = {"images": images}
        prompt = self.instance.prompt(sample)
        if isinstance(prompt, Prompt):
            encoded |= {"prompt": _text(prompt.user, "Prompt.user"),
                        "system": _text(prompt.system, "Prompt.system")}
        elif prompt is not None:
            encoded["prompt"] = _text(prompt, "prompt()")
        reference = self.instance.reference(sample)
        if reference is not None:
            encoded["reference"] = _json(reference, "reference")
        for key, value in (("doc_class", sample.doc_class),
                           ("question_type", sample.question_type)):
            if value:
                encoded[key] = _text(value, f"Sample.{key}")
        if sample.fields:
            encoded["fields"] = _encode_fields(sample.fields)
        return encoded, blocks


class Batch:
    """Samples that wait to be sent together."""

    def __init__(self, service: TaskService, request_id: int) -> None:
        self._service = service
        self._request_id = request_id
        self._samples: list[bytes] = []
        self._blocks: list[bytes] = []
        self._bytes = 0

    def add(self, sample: dict[str, Any], blocks: list[bytes]) -> None:
        """Takes a sample whose images count its own `blocks` from 0."""
        size = sum(map(len, blocks))
        if self._bytes + size > MAX_BLOCKS_BYTES:
            self.flush()
        for image in sample.get("images", ()):
            if isinstance(image, dict):
                image["attachment"] += len(self._blocks)
        encoded = encode_json(sample)
        if len(encoded) > MAX_SAMPLE_BYTES:
            problem = ContractError(f"the sample has {len(encoded)} bytes of JSON",
                                    f"keep it below {MAX_SAMPLE_BYTES}")
            encoded, blocks, size = encode_json({"error": message_of(problem)}), [], 0
        self._samples.append(encoded)
        self._blocks += blocks
        self._bytes += size + len(encoded)
        if len(self._samples) == MAX_SAMPLES or self._bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._samples:
            self._service.send_batch(self._request_id, self._samples, self._blocks)
        self._samples, self._blocks, self._bytes = [], [], 0


def _encode_images(sample: Sample, root: str) -> tuple[list[Any], list[bytes]]:
    if isinstance(sample.images, (str, bytes, os.PathLike)):
        raise ContractError(f"Sample.images is {shown(sample.images)}",
                            "give a list, even for one image")
    images: list[Any] = []
    blocks: list[bytes] = []
    for image in sample.images:
        if isinstance(image, (bytes, bytearray, memoryview)):
            images.append({"attachment": len(blocks),
                           "name": f"image-{len(images)}{extension_of(bytes(image[:16]))}"})
            blocks.append(bytes(image) if not isinstance(image, bytes) else image)
        elif isinstance(image, (str, os.PathLike)):
            images.append(relative_path(os.fspath(image), root))
        else:
            raise ContractError(f"an image of a sample is {shown(image)}",
                                "give a path, or the encoded image as bytes")
    if any(len(block) > MAX_BLOCK_BYTES for block in blocks) or sum(
            map(len, blocks)) > MAX_BLOCKS_BYTES:
        raise ContractError(f"the images of a sample have {sum(map(len, blocks))} bytes",
                            f"keep one below {MAX_BLOCK_BYTES} and all below {MAX_BLOCKS_BYTES}")
    return images, blocks


def relative_path(path: str, root: str) -> str:
    """`path` relative to `root`; ContractError if it leads out of it."""
    relative = os.path.relpath(path, root) if os.path.isabs(path) else path
    if not relative or ".." in relative.split("/"):
        raise ContractError(f"image {path!r} is outside of the dataset's folder {root}",
                            "give a path inside of it, or the image as bytes")
    return relative


def _encode_fields(fields: Mapping[str, object]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in fields.items():
        if not isinstance(name, str) or not name:
            raise ContractError(f"the name of a field is {shown(name)}", "use texts")
        if isinstance(value, str):
            texts[name] = value
        elif value is None:
            texts[name] = ""
        elif isinstance(value, (bool, int, float)):
            texts[name] = json.dumps(value)
        else:
            raise ContractError(f"field {name!r} is {shown(value)}", "give a text, a number or a "
                                "boolean; json.dumps(...) makes a text of anything else")
    return texts


def _json(value: object, what: str) -> object:
    if isinstance(value, str):
        return value
    try:
        encode_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ContractError(f"the {what} is no JSON ({error})", "use texts, finite numbers, "
                            "booleans, None, lists and dicts with texts as keys") from error
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise ContractError(f"{what} is {shown(value)}", "give a text")
    return value
