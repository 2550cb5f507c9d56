"""Begins a memory of the embedded model that is read at full strength and learns only what to make of it.

    python docs/training/open.py begun --cell GatedDeltaNet --data corpus

writes the AHN-only checkpoint `begun`, to go on from with `ahn-chat train --ahn begun --natural-rate …`. `corpus` is
what `ahn-chat prepare` wrote; the gates are fitted to some of its text.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch

from ahn_core import AHNForCausalLM
from ahn_core.corpus import Corpus
from ahn_core.opening import open_memory

SAMPLES, LENGTH = 8, 512

parser = argparse.ArgumentParser()
parser.add_argument("target")
parser.add_argument("--cell", required=True, choices=("GatedDeltaNet", "DeltaNet", "Mamba2"))
parser.add_argument("--data", required=True)
arguments = parser.parse_args()

corpus, rng = Corpus(Path(arguments.data)), random.Random(1)
sample = torch.cat([corpus.draw(rng, LENGTH).input_ids for _ in range(SAMPLES)])
model = AHNForCausalLM.from_pretrained("embedded", cell=arguments.cell, device="cpu")
open_memory(model, sample)
model.save_ahn(arguments.target, dtype=torch.float32)
