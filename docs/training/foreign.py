"""How much of what a memory is worth is memory: the same reading with the state of another text.

    python docs/training/foreign.py persuasion.txt developers-reference.txt --ahn run/ahn

reads the first file with full attention, with sinks and window, with the memory, and with the memory's state replaced,
every 256 tokens, by the one that reading the second file as far has left. What the last still gains makes up for any
window; the difference to the memory's own state is what it knows of this text. Divergence is KL from full attention.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from ahn_core import AHNForCausalLM, load_tokenizer
from ahn_core.distill import head_loss

PIECE = 256

parser = argparse.ArgumentParser()
parser.add_argument("text")
parser.add_argument("other")
parser.add_argument("--ahn")
parser.add_argument("--tokens", type=int, default=4096)
parser.add_argument("--sinks", type=int, default=64)
parser.add_argument("--window", type=int, default=448)
parser.add_argument("--dtype", default="mixed")
arguments = parser.parse_args()

tokenizer = load_tokenizer("embedded")
model = AHNForCausalLM.from_pretrained("embedded", arguments.ahn, device="cpu", dtype=arguments.dtype)
own, other = (
    torch.tensor(tokenizer.encode(Path(file).read_text(encoding="utf-8")))[: arguments.tokens + 1]
    for file in (arguments.text, arguments.other)
)
if min(len(own), len(other)) <= arguments.tokens:
    parser.error(f"a text has {min(len(own), len(other)) - 1:,} tokens: give longer ones or fewer --tokens")

sizes = {"attention_sinks": arguments.sinks, "sliding_window": arguments.window}
kinds = {"full": "full", "window": "window", "own state": "ahn", "foreign state": "ahn"}
caches = {name: model.make_cache(kind, **sizes) for name, kind in kinds.items()}
elsewhere = model.make_cache("ahn", **sizes)
sums = {name: torch.zeros(2, dtype=torch.float64) for name in kinds}
counted = 0
with torch.no_grad():
    for start in range(0, arguments.tokens, PIECE):
        ids, targets = own[None, start : start + PIECE], own[start + 1 : start + PIECE + 1]
        for ours, theirs in zip(caches["foreign state"].layers, elsewhere.layers, strict=True):
            ours.state = theirs.state.clone()
        hidden = {name: model.read(ids, cache) for name, cache in caches.items()}
        model.read(other[None, start : start + PIECE], elsewhere)
        if start < arguments.sinks + arguments.window:
            continue
        counted += len(targets)
        for name, states in hidden.items():
            figures = head_loss(states, hidden["full"], model.lm_head.weight, targets)
            sums[name] += torch.stack(figures[1:])

figures = {name: (total / counted).tolist() for name, total in sums.items()}
gap = figures["window"][1] - figures["full"][1]
print(f"{'':16}{'divergence':>12}{'of window':>11}{'cross-entropy':>15}{'recovered':>11}")
for name, (divergence, cross_entropy) in figures.items():
    share, recovered = divergence / figures["window"][0] - 1, (figures["window"][1] - cross_entropy) / gap
    print(f"{name:16}{divergence:12.4f}{share:11.1%}{cross_entropy:15.4f}{recovered:11.1%}")
