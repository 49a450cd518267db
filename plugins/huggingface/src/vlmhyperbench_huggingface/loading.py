"""Loading of a processor and a model by transformers' Auto classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import LoadError

__all__ = ["Loaded", "Source", "free_memory", "load_pretrained"]


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

    def end_tokens(self) -> list[int]:
        """The tokens by which the model ends an answer."""
        ends = self.model.generation_config.eos_token_id
        return ends if isinstance(ends, list) else [] if ends is None else [ends]

    def peak_memory(self) -> int | None:
        """The most bytes that torch's tensors took on the GPU so far; None on a CPU."""
        if not self.device.startswith("cuda"):
            return None
        import torch

        return int(torch.cuda.max_memory_allocated(self.device))


def free_memory(device: str) -> None:
    """Gives back what a failed call had taken."""
    import gc

    gc.collect()  # an exception and the frames of its traceback refer to each other
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()


def load_pretrained(source: Source, *, dtype: str, device: str, attn_implementation: str | None,
                    min_pixels: int | None, max_pixels: int | None, pads: bool) -> Loaded:
    """Loads the small things first: their mistakes are told before the weights come.

    Args:
        pads: Whether conversations of different lengths are to go together.
    """
    import torch
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging

    logging.disable_progress_bar()  # standard error is a log
    place = _device(device, torch)
    config = AutoConfig.from_pretrained(source.model, **source.options())
    processor = AutoProcessor.from_pretrained(source.model, config=config, **source.options())
    _limit_pixels(source.model, processor, min_pixels, max_pixels)
    if not getattr(processor, "chat_template", None):
        raise LoadError(f"loading {source.model}: its processor has no chat template. Take the "
                        "model's instruct or chat variant")
    if pads:
        _prepare_padding(source.model, processor.tokenizer)
    attention = {} if attn_implementation is None else {"attn_implementation": attn_implementation}
    model = AutoModelForImageTextToText.from_pretrained(
        source.model, config=config, **source.options(), **attention,
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


def _prepare_padding(model: str, tokenizer: Any) -> None:
    """Pads on the left, since answers go on at the right; with any token, which nobody attends to."""
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        if tokenizer.eos_token is None:
            raise LoadError(f"loading {model}: its tokenizer has no token for padding. Give "
                            "batch_size: 1")
        tokenizer.pad_token = tokenizer.eos_token


def _limit_pixels(model: str, processor: Any, least: int | None, most: int | None) -> None:
    """Sets the limits of image processors of Qwen2-VL's kind; their `size` has numbers of pixels.

    Others have edges there, and take options that they do not know without a word.
    """
    edges = {edge: count for edge, count in (("shortest_edge", least), ("longest_edge", most))
             if count is not None}
    if not edges:
        return
    images: Any = getattr(processor, "image_processor", None)
    if "max_pixels" not in getattr(getattr(images, "valid_kwargs", None), "__annotations__", {}):
        raise LoadError(f"loading {model}: its image processor, {type(images).__name__}, has no "
                        "limits of pixels. Leave min_pixels and max_pixels out")
    size = {edge: images.size[edge] for edge in ("shortest_edge", "longest_edge")} | edges
    if size["shortest_edge"] > size["longest_edge"]:
        raise LoadError(f"loading {model}: min_pixels is {size['shortest_edge']}, more than "
                        f"max_pixels, {size['longest_edge']}")
    images.size = size
