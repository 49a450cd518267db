"""One request in work: what is asked of the model, and the text that its tokens become."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from vlmhyperbench import Finish, Request, Usage

from .conversation import conversation
from .generation import Limit
from .sampling import generation_options, stop_texts
from .text import Detokenizer, StopTexts

__all__ = ["Answer", "groups"]


class Answer:
    """The answer to `request`, the one of that `index` in its batch.

    Raises:
        BadImageError, BadRequestError: An image or a parameter cannot be used.
    """

    def __init__(self, index: int, request: Request, tokenizer: Any, max_new_tokens: int) -> None:
        self.index = index
        self.options = generation_options(request.params, max_new_tokens)
        self.limit = Limit(self.options.pop("max_new_tokens"), lambda: request.cancelled)
        self.seed = request.params.get("seed")
        self.messages = conversation(request)
        self._stop_texts = stop_texts(request.params)
        self._tokenizer = tokenizer
        self.begin()

    def begin(self) -> None:
        """Forgets what was answered so far."""
        self.told = False  # whether some of the text was given away
        self.ended = False
        self._tokens: list[int] = []
        self._text = Detokenizer(lambda ids: str(self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)))
        self._stop = StopTexts(self._stop_texts)

    def push(self, token: int) -> Iterator[str]:
        """What of the text is certain with `token`; `stopped` may be true then."""
        self._tokens.append(token)
        return self._tell(self._stop.push(self._text.push(token)))

    @property
    def stopped(self) -> bool:
        """Whether a stop text was found."""
        return self._stop.found

    def rest(self) -> Iterator[str]:
        """What was held back, once there are no more tokens."""
        return self._tell(self._stop.push(self._text.flush()) + self._stop.flush())

    def finish(self, prompt_tokens: int, ends: Collection[int], memory: int | None) -> Finish:
        """How it ended; `ends` are the tokens by which a model ends its answer."""
        self.ended = True
        count = len(self._tokens)
        by_itself = self.stopped or count < self.limit.max_tokens or self._tokens[-1] in ends
        return Finish("stop" if by_itself else "length",
                      Usage(prompt_tokens=prompt_tokens, completion_tokens=count), memory)

    def _tell(self, piece: str) -> Iterator[str]:
        if piece:
            self.told = True
            yield piece


def groups(answers: Iterable[Answer], defaults: Any) -> list[list[Answer]]:
    """Answers that one call of `generate` can make: with the same options of sampling.

    An answer that samples from a seed is made alone, since with others it would get numbers of its
    own of the one sequence that the seed decides.

    Args:
        defaults: The model's `generation_config`, for options that requests have not.
    """
    together: dict[tuple[int | None, str], list[Answer]] = {}
    for answer in answers:
        samples = answer.options.get("do_sample", getattr(defaults, "do_sample", False))
        alone = answer.index if samples and answer.seed is not None else None
        options = repr(sorted(answer.options.items()))  # any JSON: not all of it can be hashed
        together.setdefault((alone, options), []).append(answer)
    return list(together.values())
