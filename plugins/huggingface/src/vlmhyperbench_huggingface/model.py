"""The plug-in `huggingface`: any image-text-to-text model of transformers."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

from vlmhyperbench import BadRequestError, Finish, ModelInterface, Request, model

from .answer import Answer, groups
from .errors import first_line, is_out_of_memory, load_error, request_error
from .generation import TokenStream
from .loading import Loaded, Source, free_memory, load_pretrained

__all__ = ["HuggingFaceModel"]

Outcome = tuple[int, str | Finish | Exception]  # as generate_batch yields it

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
        "batch_size": {"description": "Requests that are answered together at most.",
                       "type": "integer", "minimum": 1, "maximum": 256, "default": 1},
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
             max_new_tokens: int = 1024, batch_size: int = 1, min_pixels: int | None = None,
             max_pixels: int | None = None, trust_remote_code: bool = False,
             local_files_only: bool = False) -> None:
        """Loads processor and weights; see `params_schema` for the parameters."""
        source = Source(model, revision, token, trust_remote_code, local_files_only)
        try:
            self._loaded = load_pretrained(
                source, dtype=dtype, device=device, attn_implementation=attn_implementation,
                min_pixels=min_pixels, max_pixels=max_pixels, pads=batch_size > 1)
        except Exception as error:
            raise load_error(model, error) from error
        self._max_new_tokens = max_new_tokens
        self.batch_size = batch_size

    def generate(self, request: Request) -> Generator[str, None, Finish]:
        """Yields the answer token by token; its end says why it ended and what was counted."""
        finish = Finish()
        for _, outcome in self.generate_batch([request]):
            if isinstance(outcome, Exception):
                raise outcome
            if isinstance(outcome, Finish):
                finish = outcome
            else:
                yield outcome
        return finish

    def generate_batch(self, requests: Sequence[Request]) -> Iterator[Outcome]:
        """Yields the answers token by token, each with its index and with its own end."""
        answers = []
        for index, request in enumerate(requests):
            try:
                answers.append(Answer(index, request, self._loaded.processor.tokenizer,
                                      self._max_new_tokens))
            except Exception as error:
                yield index, error
        for group in groups(answers, self._loaded.model.generation_config):
            yield from self._answer(group)

    def unload(self) -> None:
        """Frees the weights."""
        del self._loaded

    def _answer(self, group: Sequence[Answer]) -> Iterator[Outcome]:
        """Answers a group together or, where that cannot be done, one by one."""
        again: list[Answer] = []
        try:
            yield from self._answer_together(group)
        except Exception as error:
            if len(group) > 1 and (is_out_of_memory(error) or isinstance(error, BadRequestError)):
                again = [answer for answer in group if not answer.ended and not answer.told]
                print(f"{len(group)} requests together: {first_line(error)}. {len(again)} of them "
                      "are answered one by one. Lower batch_size if this comes often",
                      file=sys.stderr)
            for answer in group:
                if not answer.ended and answer not in again:
                    yield answer.index, request_error(error, self._loaded.device)
        if again:  # not in the handler: the exception keeps what the failed call had taken
            free_memory(self._loaded.device)
        for answer in again:
            answer.begin()
            yield from self._answer([answer])

    def _answer_together(self, group: Sequence[Answer]) -> Iterator[Outcome]:
        inputs = self._inputs(group)
        prompt_tokens = _prompt_tokens(inputs)
        if len(group) == 1 and group[0].seed is not None:
            self._seed(group[0].seed)
        ends = self._loaded.end_tokens()
        left = len(group)
        stream = TokenStream(self._loaded.model.generate, inputs, group[0].options,
                             [answer.limit for answer in group], ends)
        with closing(stream):
            for row, token in stream:
                answer = group[row]
                if answer.ended:
                    continue
                if token is not None:
                    yield from ((answer.index, piece) for piece in answer.push(token))
                if token is None or answer.stopped:
                    stream.drop(row)
                    yield from ((answer.index, piece) for piece in answer.rest())
                    yield answer.index, answer.finish(prompt_tokens[row], ends,
                                                      self._loaded.peak_memory())
                    left -= 1
                if left == 0:
                    break

    def _inputs(self, group: Sequence[Answer]) -> Any:
        """The conversations as tensors, the shorter ones padded on their left."""
        from jinja2 import TemplateError

        try:
            inputs = self._loaded.processor.apply_chat_template(
                [answer.messages for answer in group], add_generation_prompt=True, tokenize=True,
                return_dict=True, return_tensors="pt", sanitize_control_tokens=True,
                processor_kwargs={"padding": len(group) > 1})
        except (ValueError, TypeError, LookupError, TemplateError) as error:
            raise BadRequestError(f"the model's chat template or processor does not take this "
                                  f"conversation: {error}") from error
        return inputs.to(self._loaded.device, dtype=self._loaded.model.dtype)

    @staticmethod
    def _seed(seed: int) -> None:
        import torch

        torch.manual_seed(seed)


def _prompt_tokens(inputs: Any) -> list[int]:
    """Tokens of each row without its padding."""
    if "attention_mask" in inputs:
        counts: list[int] = inputs["attention_mask"].sum(dim=1).tolist()
        return counts
    rows, length = inputs["input_ids"].shape
    return [length] * rows
