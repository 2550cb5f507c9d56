"""From a tokenizer's chat template to the pieces a growing conversation is made of.

A conversation is one sequence of tokens that only ever grows, so it cannot be rendered anew for every question. The
template is rendered once with sentinels in the places of the texts and cut there:

    opening | documents and question | asking | answer | next_question | question | asking | answer | ...

`opening` holds the system message and opens a user turn, `asking` closes it and opens the assistant's,
`next_question` closes that and opens the user's again. No tag is written by hand, so any template works that keeps
its texts in place.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jinja2

from app.conversation.errors import ChatError
from app.sentences import Sentence

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

# Letters and digits alone, so that no template's trimming or escaping changes them.
_SYSTEM, _FIRST, _ANSWER, _SECOND = "Qz7SystemZq", "Qz7FirstZq", "Qz7AnswerZq", "Qz7SecondZq"
# Templates that print today's date would make every day's prompt another one, and yesterday's reading useless.
_TEMPLATE_OPTIONS = {"date_string": "1 January 2025", "enable_thinking": False}


class TextEncoder:
    """Turns text into tokens, text and nothing but text: a tag such as `<|im_end|>` in it stays letters.

    Works on its own copy of the tokenizer, which is never changed after, so any thread may use it at any time.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._plain = copy.deepcopy(tokenizer.backend_tokenizer)
        self._plain.no_truncation()
        self._plain.no_padding()
        self._tagged = copy.deepcopy(self._plain)
        self._plain.encode_special_tokens = True
        self.fingerprint = hashlib.sha256(self._plain.to_str().encode()).hexdigest()
        added = self._plain.get_added_tokens_decoder()
        self._added_ids = frozenset(added)
        tags = sorted(
            {token.content for token in added.values() if token.content.strip()}, key=len, reverse=True
        )
        # Cuts a tag after its first character, where no tokenizer can find it.
        self._inside_tag = re.compile(
            "|".join(f"(?<={re.escape(tag[0])})(?={re.escape(tag[1:])})" for tag in tags if tag[1:])
        )
        self._has_tags = bool(tags)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        return self.encode_pages([text])[0]

    def encode_pages(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text. Uses all cores the tokenizer's library is allowed to."""
        clean = [
            text.encode("utf-8", "replace").decode("utf-8") for text in texts
        ]  # half a surrogate pair has no bytes
        encodings = self._plain.encode_batch_fast(clean, add_special_tokens=False)
        return [
            self._without_tags(text, encoding.ids) for text, encoding in zip(clean, encodings, strict=True)
        ]

    def encode_template(self, text: str) -> list[int]:
        """The tokens of a piece of a chat template, where tags do become control tokens."""
        return self._tagged.encode(text, add_special_tokens=False).ids if text else []

    def _without_tags(self, text: str, ids: list[int]) -> list[int]:
        # Tags that a tokenizer does not mark as special still come out as one token.
        if not self._has_tags or self._added_ids.isdisjoint(ids):
            return ids
        pieces = self._plain.encode_batch_fast(self._inside_tag.split(text), add_special_tokens=False)
        return [token_id for piece in pieces for token_id in piece.ids]


@dataclass(frozen=True)
class PromptLayout:
    """The tokens between the texts of a conversation (see the module's text)."""

    opening: tuple[int, ...]
    asking: tuple[int, ...]
    next_question: tuple[int, ...]

    @classmethod
    def from_tokenizer(
        cls, tokenizer: PreTrainedTokenizerFast, encoder: TextEncoder, system_prompt: str
    ) -> PromptLayout:
        """Cut the tokenizer's template. Where it has no place for a system message, the system prompt is put
        before the first user's text. Raises ChatError where the tokenizer has no usable template."""
        system_prompt = system_prompt.strip()
        parts = _cut(tokenizer, with_system=True) if system_prompt else None
        if parts is not None:
            opening = (
                encoder.encode_template(parts[0])
                + encoder.encode(system_prompt)
                + encoder.encode_template(parts[1])
            )
        else:
            parts = _cut(tokenizer, with_system=False)
            if parts is None:
                raise ChatError(
                    Sentence(
                        "The tokenizer has no chat template that keeps a question and an answer in order, "
                        "so no chat can be held with this model; choose one tuned for chat (often named "
                        "“Instruct”)."
                    )
                )
            opening = encoder.encode_template(parts[1])
            if system_prompt:
                opening += encoder.encode(f"{system_prompt}\n\n")
        return cls(
            tuple(opening), tuple(encoder.encode_template(parts[2])), tuple(encoder.encode_template(parts[3]))
        )


def _cut(tokenizer: PreTrainedTokenizerFast, *, with_system: bool) -> tuple[str, str, str, str] | None:
    """The template's text before the system prompt, then before the first question, its answer and the second
    question; None where the template refuses the messages or does not show all of them once and in order."""
    messages = [{"role": "system", "content": _SYSTEM}] if with_system else []
    messages += [
        {"role": "user", "content": _FIRST},
        {"role": "assistant", "content": _ANSWER},
        {"role": "user", "content": _SECOND},
    ]
    try:
        text = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, **_TEMPLATE_OPTIONS
        )
    except (jinja2.TemplateError, ValueError):  # ValueError: the tokenizer has no template at all
        return None
    sentinels = ([_SYSTEM] if with_system else []) + [_FIRST, _ANSWER, _SECOND]
    parts = re.split("|".join(sentinels), text)
    if re.findall("|".join(sentinels), text) != sentinels:
        return None
    if not with_system:
        parts.insert(0, "")
    # What closes the last question opens the answer to be generated: it is the generation prompt itself.
    return parts[0], parts[1], parts[4], parts[3]
