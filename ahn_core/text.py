"""From token ids to text as it streams: no half characters, no stop strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class StreamDecoder:
    """Turns token ids into text pieces; a piece is held back while its last UTF-8 character is incomplete."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        from tokenizers.decoders import DecodeStream

        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._held: list[int] = []

    def push(self, token_id: int) -> str:
        self._held.append(token_id)
        piece = self._stream.step(self._tokenizer.backend_tokenizer, token_id)
        if piece is None:
            return ""
        self._held.clear()
        return piece

    def flush(self) -> str:
        """What is still held when no more tokens come: an incomplete character shows as the replacement
        character.
        """
        held, self._held = self._held, []
        return self._tokenizer.decode(held, skip_special_tokens=True) if held else ""


class StopStrings:
    """Passes text through up to the first stop string, holding back whatever may turn out to be its
    beginning.
    """

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(string for string in stop if string)
        self._held = ""
        self.found = False

    def push(self, piece: str) -> str:
        if self.found:
            return ""
        self._held += piece
        hits = [at for string in self._stop if (at := self._held.find(string)) >= 0]
        if hits:
            self.found = True
            passed, self._held = self._held[: min(hits)], ""
            return passed
        keep = max((self._overlap(string) for string in self._stop), default=0)
        passed, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return passed

    def flush(self) -> str:
        passed, self._held = self._held, ""
        return passed

    def _overlap(self, string: str) -> int:
        """Length of the longest end of the held text that begins `string`."""
        longest = min(len(string) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(string[:n])), 0)
