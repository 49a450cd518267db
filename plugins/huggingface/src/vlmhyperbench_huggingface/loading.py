"""Loading of a processor and a model by transformers' Auto classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import LoadError

__all__ = ["Loaded", "Source", "load_pretrained"]


@dataclass(frozen=True)
class Source:
    """Where a model comes from: the parameters of `load` of those names."""

    model: str
    revision: str | None
    token: str | None
    trust_remote_code: bool
    local_files_only: bool

    def options(self) -> dict[str, Any]:
        """Options of `from_pretrained`; absent ones are left to transformers."""
        options: dict[str, Any] = {"trust_remote_code": self.trust_remote_code,
                                   "local_files_only": self.local_files_only}
        if self.revision is not None:
            options["revision"] = self.revision
        if self.token is not None:
            options["token"] = self.token
        return options


@dataclass(frozen=True)
class Loaded:
    """A model on its device, with its processor."""

    processor: Any
    model: Any
    device: str


def load_pretrained(source: Source, *, dtype: str, device: str, attn_implementation: str | None,
                    min_pixels: int | None, max_pixels: int | None) -> Loaded:
    """Loads the processor first: it is small, and its mistakes are told before the weights come."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    place = _device(device, torch)
    pixels = {name: count for name, count in (("min_pixels", min_pixels),
                                              ("max_pixels", max_pixels)) if count is not None}
    processor = AutoProcessor.from_pretrained(source.model, **source.options(), **pixels)
    _check_pixels(source.model, processor, pixels)
    if not getattr(processor, "chat_template", None):
        raise LoadError(f"loading {source.model}: its processor has no chat template. Take the "
                        "model's instruct or chat variant")
    attention = {} if attn_implementation is None else {"attn_implementation": attn_implementation}
    model = AutoModelForImageTextToText.from_pretrained(
        source.model, **source.options(), **attention,
        dtype="auto" if dtype == "auto" else getattr(torch, dtype))
    return Loaded(processor, model.eval().to(place), place)


def _device(device: str, torch: Any) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda"):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        index = int(device.partition(":")[2] or 0)
        if index >= count:
            raise LoadError(f"device {device}: torch sees {count} CUDA devices. Give `gpus` in the "
                            "`resources` of the model's registry entry, another device, or "
                            "device: cpu")
    return device


def _check_pixels(model: str, processor: Any, pixels: dict[str, int]) -> None:
    """A processor takes what it does not know without a word; an option without effect is wrong."""
    size = getattr(getattr(processor, "image_processor", None), "size", None) or {}
    for name, edge in (("min_pixels", "shortest_edge"), ("max_pixels", "longest_edge")):
        if name in pixels and size.get(edge) != pixels[name]:
            raise LoadError(f"loading {model}: its image processor has no {name} (its size is "
                            f"{dict(size)}). Leave {name} out")
