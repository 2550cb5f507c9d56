"""Begins a memory of the embedded model, to go on from with `ahn-chat train --ahn begun`.

    python docs/training/begin.py begun --cell GatedDeltaNet --data corpus
    python docs/training/begin.py begun --cell Mamba2 --data corpus --convert run/ahn

The first is read at full strength and knows nothing yet (for `--natural-rate`); the second begins with what a memory of
another cell has learnt. `corpus` is what `ahn-chat prepare` wrote; gates are fitted to, or measured on, some of it.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch

from ahn_core import AHNForCausalLM
from ahn_core.conversion import convert_memory
from ahn_core.corpus import Corpus
from ahn_core.opening import open_memory

LENGTH = 512
OPENED, CONVERTED = 8, 6  # stretches of text

parser = argparse.ArgumentParser()
parser.add_argument("target")
parser.add_argument("--cell", required=True, choices=("GatedDeltaNet", "DeltaNet", "Mamba2"))
parser.add_argument("--data", required=True)
parser.add_argument("--convert", metavar="AHN")
arguments = parser.parse_args()

corpus, rng = Corpus(Path(arguments.data)), random.Random(1)
model = AHNForCausalLM.from_pretrained("embedded", cell=arguments.cell, device="cpu")
stretches = CONVERTED if arguments.convert else OPENED
sample = torch.cat([corpus.draw(rng, LENGTH).input_ids for _ in range(stretches)])
if arguments.convert:
    convert_memory(AHNForCausalLM.from_pretrained("embedded", arguments.convert, device="cpu"), model, sample)
else:
    open_memory(model, sample)
model.save_ahn(arguments.target, dtype=torch.float32)
