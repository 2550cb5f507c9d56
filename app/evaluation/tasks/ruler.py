"""RULER (arXiv 2404.06654): needles, variable tracking and counting, made on the spot to a length in tokens.

Prompts, numbers of needles and metric are RULER's (github.com/NVIDIA/RULER, scripts/data/synthetic, Apache-2.0), its
words come from the same package; the draws are our own, so single prompts differ from RULER's. Its haystack of essays
is any text, repeated as often as it takes. Its two question tasks need other data sets and are left out.
"""

from __future__ import annotations

import functools
import random
import re
import string
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ahn_core.eval import metrics
from app.evaluation.tasks.sample import Benchmark, Sample

NAME = "ruler"
LENGTHS = (4096, 8192, 16_384, 32_768, 65_536, 131_072)  # tokens of prompt and answer together
Count = Callable[[str], int]  # tokens of a text

_NOISE = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
_NEEDLE = "One of the special magic {kind} for {key} is: {value}."
_NIAH = (
    "Some special magic {kind} are hidden within the following text. Make sure to memorize it. I will quiz you about "
    "the {kind} afterwards.\n",
    "\nWhat are all the special magic {kind} for {query} mentioned in the provided text?",
    " The special magic {kind} for {query} mentioned in the provided text are",
)
_VARIABLES = (
    "Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n",
    "\nQuestion: Find all variables that are assigned the value {query} in the text above.",
    " Answer: According to the chain(s) of variable assignment in the text above, {count} variables are assigned the "
    "value {query}, they are: ",
)
_COMMON = (
    "Below is a numbered list of words. In these words, some appear more often than others. Memorize the ones that "
    "appear most often.\n",
    "\nQuestion: What are the 10 most common words in the above list?",
    " Answer: The top 10 words that appear most often in the list are:",
)
_FREQUENT = (
    "Read the following coded text and track the frequency of each coded word. Find the three most frequently appeared "
    "coded words. ",
    "\nQuestion: Do not provide any explanation. Please ignore the dots '....'. What are the three most frequently "
    "appeared words in the above coded text?",
    " Answer: According to the coded text above, the three most frequently appeared words are:",
)
_HOPS = 4
_COMMON_WORDS = 10
_SHORT = 4096  # tokens; below, words come less often


@dataclass(frozen=True)
class Pieces:
    """A prompt whose context is not yet of its length: `context(n)` has n units of filling."""

    before: str
    context: Callable[[int], str]
    after: str
    begun: str  # how the answer begins, written for the model
    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """A task whose samples are made. pieces: from a source of chance, the words of an essay, and whether the prompt is
    a short one, under 4,096 tokens."""

    name: str
    max_new_tokens: int
    pieces: Callable[[random.Random, Sequence[str], bool], Pieces]


def make(task: Made, tokens: int, number: int, count: Count, essay: str) -> Sample:
    """Sample `number` of a task: with its answer at most `tokens` long, and as near to that as its filling allows.

    The same number makes the same sample. Raises ValueError where not even the question goes into `tokens`.
    """
    seed = f"{task.name} {tokens} {number}"
    pieces = task.pieces(random.Random(seed), essay.split(), tokens < _SHORT)

    def size(units: int) -> int:
        return _size(task, pieces, units, count)

    low, high = 0, 1
    if size(0) > tokens:
        raise ValueError(
            f"{task.name} needs {size(0):,} tokens without any filling, more than the {tokens:,} it was to have: give "
            "a longer --lengths."
        )
    while size(high) <= tokens:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) <= tokens else (low, middle)
    return Sample(
        id=f"{task.name}-{tokens}-{number}",
        before=pieces.before,
        context=pieces.context(low),
        after=pieces.after,
        question=pieces.question,
        answers=pieces.answers,
        score=partial(_score, answers=pieces.answers),
        begun=pieces.begun,
    )


def smallest(task: Made, count: Count, essay: str) -> int:
    """About how many tokens a sample of the short kind needs, its answer included, without any filling."""
    return _size(task, task.pieces(random.Random(task.name), essay.split(), True), 0, count)


def _size(task: Made, pieces: Pieces, units: int, count: Count) -> int:
    return count(pieces.before + pieces.context(units) + pieces.after + pieces.begun) + task.max_new_tokens


def _score(answer: str, *, answers: Sequence[str]) -> float:
    return metrics.share_named(answer, answers)


@functools.cache
def _words(kind: str) -> tuple[str, ...]:
    from wonderwords import RandomWord

    return tuple(sorted(set(RandomWord().filter(include_categories=[kind]))))


def _drawn(draw: random.Random, kind: str) -> str:
    if kind == "numbers":
        return str(draw.randint(1_000_000, 9_999_999))
    if kind == "words":
        return f"{draw.choice(_words('adjective'))}-{draw.choice(_words('noun'))}"
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def _needles(
    draw: random.Random,
    essay: Sequence[str],
    short: bool,
    *,
    filling: str = "essay",
    key: str = "words",
    value: str = "numbers",
    keys: int = 1,
    values: int = 1,
    queries: int = 1,
) -> Pieces:
    """Needles in a haystack of `filling`: "noise", "essay" or other "needles"."""
    all_keys = [_drawn(draw, key) for _ in range(max(keys, queries))]
    hidden = {one: [_drawn(draw, value) for _ in range(values)] for one in all_keys}
    needles = [_NEEDLE.format(kind=value, key=one, value=each) for one in all_keys for each in hidden[one]]
    draw.shuffle(needles)
    asked = draw.sample(all_keys, queries)
    depths = sorted(draw.random() for _ in needles)
    noise_seed = draw.random()

    def context(units: int) -> str:
        if filling == "essay":
            return _between(_sentences(essay, units), needles, depths, " ")
        others = random.Random(noise_seed)
        lines = [
            _NOISE
            if filling == "noise"
            else _NEEDLE.format(kind=value, key=_drawn(others, key), value=_drawn(others, value))
            for _ in range(units)
        ]
        return _between(lines, needles, depths, "\n")

    query = asked[0] if len(asked) == 1 else ", ".join(asked[:-1]) + ", and " + asked[-1]
    before, after, begun = _NIAH
    kind = value
    if queries * values == 1:  # as RULER makes the plural prompt one of a single value
        before, after, begun = (
            part.replace("Some", "A").replace("are all", "is").replace("are", "is") for part in _NIAH
        )
        kind = value[:-1]
    fields = {"kind": kind, "query": query}
    return Pieces(
        before.format(**fields),
        context,
        after.format(**fields),
        begun.format(**fields),
        f"What are the special magic {kind} for {query}?",
        tuple(each for one in asked for each in hidden[one]),
    )


def _sentences(words: Sequence[str], count: int) -> list[str]:
    """The first `count` words, from the first again where there are fewer, as sentences."""
    text = " ".join(words[at % len(words)] for at in range(count))
    return re.split(r"(?<=[.!?]) ", text) if text else []


def _between(lines: Sequence[str], needles: Sequence[str], depths: Sequence[float], join: str) -> str:
    """The lines with each needle at its depth, from 0 to 1."""
    parts, done = [], 0
    for needle, depth in zip(needles, depths, strict=True):
        until = int(len(lines) * depth)
        parts += [*lines[done:until], needle]
        done = until
    return join.join([*parts, *lines[done:]])


def _variable_chain(draw: random.Random, essay: Sequence[str], short: bool) -> Pieces:
    names: list[str] = []
    while len(names) < _HOPS + 1:
        name = "".join(draw.choices(string.ascii_uppercase, k=5))
        names += [name] if name not in names else []
    first = str(draw.randint(10_000, 99_999))
    chain = [f"VAR {names[0]} = {first}"] + [
        f"VAR {later} = VAR {earlier} " for earlier, later in zip(names, names[1:], strict=False)
    ]
    depths = sorted(draw.random() for _ in chain)
    before, after, begun = _VARIABLES
    fields = {"query": first, "count": _HOPS + 1}
    return Pieces(
        before,
        lambda units: _between([_NOISE] * units, chain, depths, "\n"),
        after.format(**fields),
        begun.format(**fields),
        f"Which variables are assigned the value {first}?",
        tuple(names),
    )


def _common_words(draw: random.Random, essay: Sequence[str], short: bool) -> Pieces:
    words = list(dict.fromkeys(_words("noun") + _words("adjective") + _words("verb")))
    draw.shuffle(words)
    common, others = words[:_COMMON_WORDS], words[_COMMON_WORDS:]
    shown, shown_others = (
        others[-_COMMON_WORDS:],
        others[-(2 if short else 4) * _COMMON_WORDS : -_COMMON_WORDS],
    )
    order = draw.random()

    def listed(often: Sequence[str], seldom: Sequence[str], times: int, few: int) -> str:
        some = list(often) * times + list(seldom) * few
        random.Random(order).shuffle(some)
        return " ".join(f"{number}. {word}" for number, word in enumerate(some, 1))

    before, after, begun = _COMMON
    example = (
        before
        + listed(shown, shown_others, *((3, 1) if short else (10, 3)))
        + after
        + begun
        + " "
        + " ".join(f"{number}. {word}" for number, word in enumerate(shown, 1))
        + "\n"
    )

    def context(units: int) -> str:
        return listed(
            common, [others[at % len(others)] for at in range(units)], *((6, 1) if short else (30, 3))
        )

    return Pieces(example + before, context, after, begun, "What are the most common words?", tuple(common))


def _frequent_words(draw: random.Random, essay: Sequence[str], short: bool) -> Pieces:
    def coded() -> str:
        return "".join(draw.choices(string.ascii_lowercase, k=6))

    vocabulary = ["..."] + list(dict.fromkeys(coded() for _ in range(2000)))  # the most frequent is noise
    order = draw.random()
    # The zeta distribution with exponent 2: the word of rank k makes up 6 / (pi k)^2 of the text.
    shares = [0.6079271 / rank**2 for rank in range(1, len(vocabulary) + 1)]

    def context(units: int) -> str:
        # 30 words of its own, so that the three that are asked for are there at any length.
        some = [
            word
            for word, share in zip(vocabulary, shares, strict=True)
            for _ in range(int(share * (30 + units)))
        ]
        random.Random(order).shuffle(some)
        return " ".join(some)

    before, after, begun = _FREQUENT
    return Pieces(
        before, context, after, begun, "Which coded words are the most frequent?", tuple(vocabulary[1:4])
    )


TASKS = (
    Made("niah_single_1", 128, partial(_needles, filling="noise")),
    Made("niah_single_2", 128, _needles),
    Made("niah_single_3", 128, partial(_needles, value="uuids")),
    Made("niah_multikey_1", 128, partial(_needles, keys=4)),
    Made("niah_multikey_2", 128, partial(_needles, filling="needles")),
    Made("niah_multikey_3", 128, partial(_needles, filling="needles", key="uuids", value="uuids")),
    Made("niah_multivalue", 128, partial(_needles, values=4)),
    Made("niah_multiquery", 128, partial(_needles, queries=4)),
    Made("vt", 30, _variable_chain),
    Made("cwe", 120, _common_words),
    Made("fwe", 50, _frequent_words),
)
BENCHMARK = Benchmark(
    name=NAME,
    title="RULER",
    tasks=(),
    usual=[task.name for task in TASKS],
    sliding_window=32_640,
    max_tokens=0,
    cut="nothing",
)
