"""`ahn-chat eval MEASURE …`: one module for each thing that is measured, loaded when it is asked for.

perplexity, memory: what a compressed state is worth on a long text. extraction: how well PDFs are read. checks:
how many wrong facts of answers are marked. recall: whether passages and quotations hold the answers to questions.
longbench, lveval, infinitebench, ruler, all: benchmarks of long texts.
index: how long a text takes to be made searchable, and searches in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from app.options import OptionError

MEASURES = {
    "perplexity": "app.evaluation.perplexity",
    "memory": "app.evaluation.perplexity",
    "extraction": "app.evaluation.extraction",
    "checks": "app.evaluation.checks",
    "recall": "app.evaluation.recall",
    **dict.fromkeys(("longbench", "lveval", "infinitebench", "ruler", "all"), "app.evaluation.benchmarks"),
    "index": "app.evaluation.index",
}
_HELP = f"""usage: ahn-chat eval MEASURE …

Measures: {", ".join(MEASURES)}. `ahn-chat eval MEASURE --help` tells each one's flags.
"""


def main(argv: Sequence[str]) -> int:
    """Measure what the first argument names; returns the exit status. Raises OptionError, CommandFailed."""
    if not argv or argv[0] in ("-h", "--help"):
        print(_HELP, end="")
        return 0 if argv else 2
    if argv[0] not in MEASURES:
        raise OptionError(f"There is nothing called {argv[0]!r} to measure: choose {', '.join(MEASURES)}.")
    return int(import_module(MEASURES[argv[0]]).main(argv))


def parsers() -> list[argparse.ArgumentParser]:
    """Every measure's flags."""
    return [import_module(module).parser() for module in dict.fromkeys(MEASURES.values())]
