"""The plug-in `huggingface`: any image-text-to-text model of transformers."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

from vlmhyperbench import BadRequestError, Finish, ModelInterface, Request, Usage, model

from .conversation import conversation
from .errors import load_error, request_error
from .generation import TokenStream
from .loading import Loaded, Source, load_pretrained
from .sampling import generation_options, stop_texts
from .text import Detokenizer, StopTexts

__all__ = ["HuggingFaceModel"]

PARAMS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["model"],
    "properties": {
        "model": {"description": "A folder with the model, or OWNER/NAME on the hub.",
                  "type": "string", "minLength": 1},
        "revision": {"description": "Branch, tag or, best, commit on the hub.", "type": "string",
                     "minLength": 1},
        "token": {"description": "For gated and private models; give a reference.",
                  "type": "string", "minLength": 1},
        "dtype": {"description": "Number type of the weights; auto: as they are stored.",
                  "enum": ["auto", "float32", "bfloat16", "float16"], "default": "auto"},
        "device": {"description": "auto: the first GPU, or the CPU where there is none.",
                   "type": "string", "pattern": "^(auto|cpu|cuda(:[0-9]+)?)$", "default": "auto"},
        "attn_implementation": {"description": "Kernel of attention; absent: transformers' choice.",
                                "enum": ["eager", "sdpa", "flash_attention_2", "flash_attention_3"]},
        "max_new_tokens": {"description": "Tokens of an answer where a request has no max_tokens.",
                           "type": "integer", "minimum": 1, "default": 1024},
        "min_pixels": {"description": "Smaller images are enlarged. For processors of Qwen2-VL's kind.",
                       "type": "integer", "minimum": 1},
        "max_pixels": {"description": "Larger images are shrunk. For processors of Qwen2-VL's kind.",
                       "type": "integer", "minimum": 1},
        "trust_remote_code": {"description": "Run Python code that the model brings.",
                              "type": "boolean", "default": False},
        "local_files_only": {"description": "Never ask the hub.", "type": "boolean",
                             "default": False},
    },
}


@model("huggingface", images=0, system=True, usage=True)
class HuggingFaceModel(ModelInterface):
    """Loads by AutoProcessor and AutoModelForImageTextToText, asks by the chat template."""

    params_schema = PARAMS_SCHEMA
    _loaded: Loaded

    def load(self, *, model: str, revision: str | None = None, token: str | None = None,
             dtype: str = "auto", device: str = "auto", attn_implementation: str | None = None,
             max_new_tokens: int = 1024, min_pixels: int | None = None,
             max_pixels: int | None = None, trust_remote_code: bool = False,
             local_files_only: bool = False) -> None:
        """Loads processor and weights; see `params_schema` for the parameters."""
        source = Source(model, revision, token, trust_remote_code, local_files_only)
        try:
            self._loaded = load_pretrained(
                source, dtype=dtype, device=device, attn_implementation=attn_implementation,
                min_pixels=min_pixels, max_pixels=max_pixels)
        except Exception as error:
            raise load_error(model, error) from error
        self._max_new_tokens = max_new_tokens

    def generate(self, request: Request) -> Generator[str, None, Finish]:
        """Yields the answer token by token; its end says why it ended and what was counted."""
        options = generation_options(request.params, self._max_new_tokens)
        inputs = self._inputs(request)
        self._seed(request.params)
        tokenizer = self._loaded.processor.tokenizer
        detokenizer = Detokenizer(lambda ids: str(tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)))
        stop = StopTexts(stop_texts(request.params))
        tokens: list[int] = []
        stream = TokenStream(self._loaded.model.generate, inputs, options,
                             lambda: request.cancelled)
        with closing(stream):
            try:
                for token in stream:
                    tokens.append(token)
                    if piece := stop.push(detokenizer.push(token)):
                        yield piece
                    if stop.found:
                        break
            except Exception as error:
                raise request_error(error, self._loaded.device) from error
        if rest := stop.push(detokenizer.flush()) + stop.flush():
            yield rest
        return self._finish(tokens, stop.found, options["max_new_tokens"], inputs)

    def unload(self) -> None:
        """Frees the weights, and tells people how much memory of the GPU was needed at most."""
        if self._loaded.device.startswith("cuda"):
            import torch

            peak = torch.cuda.max_memory_allocated(self._loaded.device)
            print(f"peak memory of {self._loaded.device}: {peak} bytes in torch's tensors",
                  file=sys.stderr)
        del self._loaded

    def _inputs(self, request: Request) -> Any:
        messages = conversation(request)
        try:
            inputs = self._loaded.processor.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=True, return_dict=True,
                return_tensors="pt", sanitize_control_tokens=True)
        except (ValueError, TypeError, KeyError) as error:
            raise BadRequestError(f"the model's chat template or processor does not take this "
                                  f"conversation: {error}") from error
        return inputs.to(self._loaded.device, dtype=self._loaded.model.dtype)

    @staticmethod
    def _seed(params: Mapping[str, Any]) -> None:
        if params.get("seed") is not None:
            import torch

            torch.manual_seed(params["seed"])

    def _finish(self, tokens: list[int], stopped: bool, limit: int, inputs: Any) -> Finish:
        ends = self._loaded.model.generation_config.eos_token_id
        end_tokens = ends if isinstance(ends, list) else [ends]
        cut = not stopped and len(tokens) >= limit and tokens[-1] not in end_tokens
        usage = Usage(prompt_tokens=inputs["input_ids"].shape[1], completion_tokens=len(tokens))
        return Finish("length" if cut else "stop", usage)
