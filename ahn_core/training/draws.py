"""Which piece of which document is read, and with which memory sizes: a function of the seed alone."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .corpus import Corpus, Sample
from .settings import Settings


@dataclass(frozen=True)
class Draw:
    """One sample with the memory sizes it is read with."""

    sample: Sample
    attention_sinks: int
    sliding_window: int


def draw(corpus: Corpus, settings: Settings, round_: int, index: int) -> Draw:
    """Sample `index` of round `round_`: a function of the seed alone, so a run can resume anywhere."""
    rng = random.Random(f"{settings.seed}/{round_}/{index}")
    shared = random.Random(
        f"{settings.seed}/{round_}"
    )  # samples of a round go in step, so they share their sizes
    length = shared.choice(settings.lengths)
    window = shared.choice([size for size in settings.windows if size < length])
    sinks = shared.choice([size for size in settings.sinks if size <= window // 2])
    return Draw(corpus.draw(rng, length), sinks, window - sinks)
