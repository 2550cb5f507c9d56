"""Begins a memory of one cell from a trained one of another, for the embedded model.

    python docs/training/convert.py run/ahn begun --cell Mamba2 --data corpus

writes the AHN-only checkpoint `begun`, to go on from with `ahn-chat train --ahn begun`. `corpus` is what `ahn-chat
prepare` wrote; some of its text is read to measure the gates.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch

from ahn_core import AHNForCausalLM
from ahn_core.conversion import convert_memory
from ahn_core.corpus import Corpus

SAMPLES, LENGTH = 6, 512

parser = argparse.ArgumentParser()
parser.add_argument("source")
parser.add_argument("target")
parser.add_argument("--cell", required=True, choices=("GatedDeltaNet", "DeltaNet", "Mamba2"))
parser.add_argument("--data", required=True)
arguments = parser.parse_args()

corpus, rng = Corpus(Path(arguments.data)), random.Random(1)
sample = torch.cat([corpus.draw(rng, LENGTH).input_ids for _ in range(SAMPLES)])
model = AHNForCausalLM.from_pretrained("embedded", cell=arguments.cell, device="cpu")
convert_memory(AHNForCausalLM.from_pretrained("embedded", arguments.source, device="cpu"), model, sample)
model.save_ahn(arguments.target, dtype=torch.float32)
