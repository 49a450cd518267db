"""Text of tokens that come one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["Detokenizer", "StopTexts"]

REPLACEMENT = "\ufffd"  # what the bytes of an unfinished character decode to
MOST_PENDING = 64  # a model that emits no valid characters at all must not cost more and more


class Detokenizer:
    """Gives the text that each token adds, so that the pieces together are the whole text.

    A token is decoded with the few before it, since white space and characters of many bytes depend
    on them; a piece is held back while it ends within a character. A token costs the same wherever
    in the text it is.

    Example:
        >>> words = {1: "Hello", 2: ",", 3: " world"}
        >>> detokenizer = Detokenizer(lambda ids: "".join(words[id] for id in ids))
        >>> [detokenizer.push(id) for id in (1, 2, 3)] + [detokenizer.flush()]
        ['Hello', ',', ' world', '']
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._told: list[int] = []  # tokens of the last piece: the context of the next one
        self._pending: list[int] = []

    def push(self, token: int) -> str:
        """What is certain of the text with `token`."""
        self._pending.append(token)
        piece = self._pending_text()
        if not piece or (piece.endswith(REPLACEMENT) and len(self._pending) < MOST_PENDING):
            return ""
        self._told, self._pending = self._pending, []
        return piece

    def flush(self) -> str:
        """What was held back."""
        piece = self._pending_text() if self._pending else ""
        self._told, self._pending = self._pending, []
        return piece

    def _pending_text(self) -> str:
        known = self._decode(self._told) if self._told else ""
        return self._decode(self._told + self._pending)[len(known):]


class StopTexts:
    """Cuts a streamed text before the first of some texts.

    Example:
        >>> stop = StopTexts(["###"])
        >>> [stop.push(piece) for piece in ("a#", "b", "##", "#c")], stop.found
        (['a', '#b', '', ''], True)
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = [text for text in texts if text]
        self._held = ""
        self.found = False

    def push(self, piece: str) -> str:
        """What of the text so far can be told: all that cannot be the beginning of a stop text."""
        if self.found:
            return ""
        text = self._held + piece
        cuts = [cut for cut in (text.find(stop) for stop in self._texts) if cut >= 0]
        if cuts:
            self.found, self._held = True, ""
            return text[:min(cuts)]
        keep = max((self._overlap(text, stop) for stop in self._texts), default=0)
        self._held = text[len(text) - keep:]
        return text[:len(text) - keep]

    def flush(self) -> str:
        """What was held back and turned out to be no stop text."""
        held, self._held = self._held, ""
        return held

    @staticmethod
    def _overlap(text: str, stop: str) -> int:
        """The length of the longest end of `text` that `stop` begins with."""
        for length in range(min(len(stop) - 1, len(text)), 0, -1):
            if text.endswith(stop[:length]):
                return length
        return 0
