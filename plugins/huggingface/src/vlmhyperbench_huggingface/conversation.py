"""The conversation of a request in the form of transformers' chat templates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmhyperbench import BadImageError, Request

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["conversation"]


def conversation(request: Request) -> list[dict[str, Any]]:
    """The messages of `request`, their images read.

    Raises:
        BadImageError: An image cannot be read, or has too many pixels to be harmless.
    """
    if request.messages:
        return [{"role": message["role"], "content": _parts(message.get("content") or "")}
                for message in request.messages]
    messages = [{"role": "system", "content": _parts(request.system)}] if request.system else []
    images = [{"type": "image", "image": read_image(path)} for path in request.images]
    return messages + [{"role": "user", "content": images + _parts(request.text)}]


def _parts(content: str | list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [{"type": "image", "image": read_image(Path(part["path"]))} if part["type"] == "image"
            else {"type": "text", "text": part["text"]} for part in content]


def read_image(path: Path) -> Image:
    """The image, upright and in RGB; what is transparent becomes white."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.has_transparency_data:
                coloured = image.convert("RGBA")
                white = Image.new("RGBA", coloured.size, "white")
                return Image.alpha_composite(white, coloured).convert("RGB")
            return image.convert("RGB")
    except Exception as error:  # decoders of some forty formats, fed with foreign bytes
        raise BadImageError(f"{path.name} cannot be read as an image: {error}") from error
