"""Log-probabilities of tokens in the protocol's two shapes, with the bytes that a token stands for."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from ahn_core import TokenLogprobs


class TokenTexts:
    """Tokens as text and bytes. A token may be half a character: its bytes are exact, its text has U+FFFD then."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokenizer = tokenizer

    @cached_property
    def _letters(self) -> dict[str, int] | None:
        """The letter that stands for each byte in a byte-level vocabulary; None for another kind of vocabulary."""
        decoder = json.loads(self._tokenizer.backend_tokenizer.to_str())["decoder"] or {}
        kinds = [decoder.get("type"), *(one["type"] for one in decoder.get("decoders", ()))]
        if "ByteLevel" not in kinds:
            return None
        # As in GPT-2: printable bytes stand for themselves, the others for the letters from 256 on, in order.
        printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
        others = [byte for byte in range(256) if byte not in set(printable)]
        return {
            **{chr(byte): byte for byte in printable},
            **{chr(256 + n): byte for n, byte in enumerate(others)},
        }

    def bytes_of(self, token_id: int) -> bytes:
        """The bytes of a token; those of its name for a control token."""
        letters, token = self._letters, self._tokenizer.convert_ids_to_tokens(token_id)
        if letters is None or not isinstance(token, str) or any(letter not in letters for letter in token):
            return self._tokenizer.decode([token_id]).encode()
        return bytes(letters[letter] for letter in token)

    def chat(self, told: TokenLogprobs) -> dict[str, Any]:
        """One token of `logprobs.content` of a chat completion."""
        return {
            **self._entry(told.token_id, told.logprob),
            "top_logprobs": [self._entry(token_id, value) for token_id, value in told.top],
        }

    def completion(self, told: list[TokenLogprobs], offset: int = 0) -> dict[str, Any]:
        """`logprobs` of a completion; offsets in characters of the completion's text, from `offset`."""
        texts = [self._text(one.token_id) for one in told]
        offsets = []
        for text in texts:
            offsets.append(offset)
            offset += len(text)
        return {
            "tokens": texts,
            "token_logprobs": [one.logprob for one in told],
            "top_logprobs": [{self._text(token): value for token, value in one.top} for one in told],
            "text_offset": offsets,
        }

    def _text(self, token_id: int) -> str:
        return self.bytes_of(token_id).decode("utf-8", "replace")

    def _entry(self, token_id: int, value: float) -> dict[str, Any]:
        content = self.bytes_of(token_id)
        return {"token": content.decode("utf-8", "replace"), "logprob": value, "bytes": list(content)}
