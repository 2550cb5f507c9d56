"""Learning in several processes, for `accelerate launch`: CORPUS TARGET RATE…

Learns once for each rate of natural-gradient steps, and writes to TARGET what came of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from ahn_core.training import Settings
from ahn_core.training.corpus import Corpus
from ahn_core.training.trainer import Distiller, leave_group
from tests.tiny import tiny_model


def learn(corpus: Path, natural_rate: float, accelerator: Accelerator | None = None) -> dict[str, Any]:
    """The memory after two steps, the reports' figures, and how many processes there were."""
    settings = Settings(
        steps=2,
        batch=3,
        segment=96,
        lengths=(97, 192),
        windows=(32,),
        sinks=(4,),
        learning_rate=1e-2,
        natural_rate=natural_rate,
    )
    model = tiny_model()
    rounds = Distiller(model, Corpus(corpus), settings, accelerator).rounds()
    reports = [report for batch in rounds for report in batch]
    return {
        "processes": 1 if accelerator is None else accelerator.num_processes,
        "memory": {name: p.detach() for name, p in model.named_parameters() if ".ahn." in name},
        "figures": torch.tensor([(r.tokens, r.tokens_read, r.kl) for r in reports]),
    }


def main(corpus: str, target: str, *rates: str) -> None:
    accelerator = Accelerator(cpu=True)
    torch.set_num_threads(1)
    learned = {rate: learn(Path(corpus), float(rate), accelerator) for rate in rates}
    if accelerator.is_main_process:
        torch.save(learned, target)
    leave_group(accelerator)


if __name__ == "__main__":
    main(*sys.argv[1:])
