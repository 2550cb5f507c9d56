"""An answer that goes round in circles, noticed while it is written: "1.1.1.1.1…" for hundreds of tokens."""

from __future__ import annotations

from collections.abc import Sequence

from app.recall.sentences import split_sentences

_LONGEST_ROUND = 64  # tokens that are said again and again
_LEAST_TOKENS = 40  # a table's ruler, or a row of empty cells, repeats less
_LEAST_ROUNDS = 3
_LEAST_COUNTED_ROUNDS = (
    5  # of rounds that are the same but for their numbers: rows of a short table are that, too
)
_LEAST_WORDS = 6  # of a sentence that is said again: shorter ones may be
_NUMBER = -1
_ENDS = ".!?。！？\n"


def looping(token_ids: Sequence[int], texts: Sequence[str]) -> int:
    """How many tokens at the end say once more what stands before them, 0 where none do. `texts` are the tokens' texts.

    That is a round of at most 64 tokens that was said three times or more, over 40 tokens at least, or five times with
    other numbers ("page 1: …, page 2: …"); or a sentence of six words or more that was said before. Without the tokens
    counted the answer has it once.
    """
    counted = [
        _NUMBER if text.strip().isdecimal() else token for token, text in zip(token_ids, texts, strict=True)
    ]
    return max(
        _rounds(token_ids, _LEAST_ROUNDS),
        _rounds(counted, _LEAST_COUNTED_ROUNDS),
        _sentence_said_again(texts),
    )


def begun(texts: Sequence[str]) -> int:
    """How many tokens at the end have begun a sentence and come no further than some words: what an answer that was
    ended as a loop had just begun to say once more. 0 where nothing else was said."""
    text = "".join(texts)
    end = max(text.rfind(mark) for mark in _ENDS) + 1
    rest = text[end:].split()
    return _tokens_from(texts, end) if end and len(rest) < _LEAST_WORDS else 0


def _rounds(tokens: Sequence[int], rounds: int) -> int:
    count = len(tokens)
    for size in range(1, min(_LONGEST_ROUND, count // rounds) + 1):
        needed = max(_LEAST_TOKENS, size * rounds)
        if count < needed or any(
            tokens[-place] != tokens[-place - size] for place in range(1, needed - size + 1)
        ):
            continue
        same = needed - size
        while same < count - size and tokens[-same - 1] == tokens[-same - size - 1]:
            same += 1
        return same
    return 0


def _sentence_said_again(texts: Sequence[str]) -> int:
    if not texts or not any(mark in texts[-1] for mark in _ENDS):  # no sentence has just ended
        return 0
    text = "".join(texts)
    said: set[str] = set()
    for start, end in split_sentences(text):
        words = text[start:end].casefold().split()
        sentence = " ".join(words)
        if len(words) >= _LEAST_WORDS and sentence in said and text[end - 1] in '.!?。！？”"':
            return _tokens_from(texts, start)
        said.add(sentence)
    return 0


def _tokens_from(texts: Sequence[str], place: int) -> int:
    """How many of the tokens begin at this character or after it."""
    done = 0
    for index, text in enumerate(texts):
        if done >= place:
            return len(texts) - index
        done += len(text)
    return 0
