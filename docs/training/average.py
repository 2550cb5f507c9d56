"""The mean of several memories of one cell: noise of single steps falls out of it (stochastic weight averaging, arXiv
1803.05407).

    python docs/training/average.py averaged run/checkpoint-20 run/checkpoint-40 run/ahn

Checkpoints are folders as `ahn-chat train` writes them; it keeps the newest, so copy those that are to count. The mean
has the config of the last one.
"""

from __future__ import annotations

import argparse

import torch

from ahn_core import AHNForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("target")
parser.add_argument("memories", nargs="+", metavar="AHN")
arguments = parser.parse_args()

models = [AHNForCausalLM.from_pretrained("embedded", folder, device="cpu") for folder in arguments.memories]
cells = {model.ahn_config.cell for model in models}
if len(cells) > 1:
    parser.error(f"memories of {', '.join(sorted(cells))} have no mean: give those of one cell")
mean = models[-1]
with torch.no_grad():
    for name, parameter in mean.named_parameters():
        if ".ahn." in name:
            parameter.copy_(torch.stack([model.get_parameter(name) for model in models]).mean(0))
mean.save_ahn(arguments.target, dtype=torch.bfloat16)
