"""An answer that goes round in circles, noticed while it is written: "1.1.1.1.1…" for hundreds of tokens."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST_ROUND = 64  # tokens that are said again and again
_LEAST_TOKENS = 40  # a table's ruler, or a row of empty cells, repeats less
_LEAST_ROUNDS = 3


def looping(token_ids: Sequence[int]) -> int:
    """How many tokens at the end repeat what stands before them, 0 where none do.

    Repeated is a round of at most 64 tokens that was said three times or more, over 40 tokens at least. Without the
    tokens counted the answer has the round once.
    """
    count = len(token_ids)
    for size in range(1, min(_LONGEST_ROUND, count // _LEAST_ROUNDS) + 1):
        needed = max(_LEAST_TOKENS, size * _LEAST_ROUNDS)
        if count < needed or any(
            token_ids[-place] != token_ids[-place - size] for place in range(1, needed - size + 1)
        ):
            continue
        same = needed - size
        while same < count - size and token_ids[-same - 1] == token_ids[-same - size - 1]:
            same += 1
        return same
    return 0
