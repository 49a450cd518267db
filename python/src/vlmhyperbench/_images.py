"""Encoded images: what they are, and files for those that came inside of a request."""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import BadImageError, BadRequestError

# (first bytes, where the rest stands, the rest, extension)
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", 0, b"", ".png"),
    (b"\xff\xd8\xff", 0, b"", ".jpg"),
    (b"RIFF", 8, b"WEBP", ".webp"),
    (b"GIF8", 0, b"", ".gif"),
    (b"BM", 0, b"", ".bmp"),
    (b"II*\0", 0, b"", ".tif"),
    (b"MM\0*", 0, b"", ".tif"),
    (b"%PDF-", 0, b"", ".pdf"),
)


def extension_of(data: bytes) -> str:
    """`.png`, `.jpg`, ... by the first bytes; `.bin` for what is no known image."""
    for begin, offset, rest, extension in SIGNATURES:
        if data.startswith(begin) and data.startswith(rest, offset):
            return extension
    return ".bin"


class RequestImages:
    """Turns image parts of one request into files. A context: leaving it removes those files."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self.paths: list[Path] = []

    def __enter__(self) -> RequestImages:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, part: Mapping[str, Any]) -> dict[str, Any]:
        """The part with a path for an image; raises BadImageError or BadRequestError."""
        path, data = part.get("path"), part.get("data")
        if isinstance(path, str) and path and not data:
            image = _readable(path)
        elif isinstance(data, str) and data and not path:
            image = self._write(data)
        else:
            raise BadRequestError("an image needs either 'path' or 'data', a text")
        self.paths.append(image)
        return {"type": "image", "path": str(image)}

    def _write(self, data: str) -> Path:
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadImageError(f"an image in the request is no base64: {error}") from error
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="vlmhb-request-"))
        path = self._folder / f"image-{len(self.paths)}{extension_of(content)}"
        path.write_bytes(content)
        return path


def _readable(path: str) -> Path:
    if not path.startswith("/"):
        raise BadRequestError(f"image path {path!r} is not absolute")
    if not os.path.isfile(path):
        raise BadImageError(f"there is no image file {path}")
    if not os.access(path, os.R_OK):
        raise BadImageError(f"the image file {path} may not be read")
    return Path(path)
