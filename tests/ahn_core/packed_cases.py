"""The Triton kernels of packed weights beside the plain form: products, unpacked rows, and a tiny model.

    TRITON_INTERPRET=1 python -m tests.ahn_core.packed_cases cpu    # by triton's interpreter
    python -m tests.ahn_core.packed_cases cuda

prints one JSON object a case. A program of its own, because triton reads the switch when it is imported.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from ahn_core import grouped
from ahn_core.grouped import PLAIN, Blocks, GroupedWeight, GroupFormat, group_
from ahn_core.ops.graphs import FixedStep, GraphedOps
from ahn_core.ops.packed import PackedOps, TritonKernels
from ahn_core.ops.plain import TorchOps
from tests.ahn_core.formats import EVERY_FORMAT
from tests.tiny import tiny_model

# Of the sum of all products' sizes. A result in bfloat16 is rounded by 2^-8 of itself at most, and by twice that in the
# interpreter, which cuts it off.
BOUNDS = {torch.float32: 2e-6, torch.bfloat16: 2**-7}


@dataclass(frozen=True)
class Case:
    """`tokens` are multiplied by a weight [rows, columns] in a format, in bfloat16 where `half`."""

    bits: int
    affine: bool
    rows: int
    columns: int
    tokens: int
    half: bool


def cases() -> Iterator[Case]:
    """Every format, with rows that are no whole tiles and columns that are no whole records; then other sizes."""
    for kept in EVERY_FORMAT:
        yield Case(kept.bits, kept.affine, 21, 72, 3, half=False)
    for rows, columns, tokens in ((5, 7, 8), (16, 64, 1), (20, 1_100, 1)):
        yield Case(4, True, rows, columns, tokens, half=True)


def random_weight(rows: int, columns: int, kept: GroupFormat, device: torch.device) -> GroupedWeight:
    """A weight with every whole number a format has, and scales of either sign; some rows at a time."""
    generator = torch.Generator(device).manual_seed(rows * columns)
    weight = GroupedWeight(rows, columns, kept, device)
    groups = -(-columns // kept.group)
    for first in range(0, rows, 4_096):
        count = min(4_096, rows - first)
        q = torch.randint(
            0, 2**kept.bits, (count, columns), generator=generator, dtype=torch.uint8, device=device
        )
        scale, smallest = torch.randn(2, count, groups, generator=generator, device=device).half()
        weight.put(first, Blocks(q, scale, smallest if kept.affine else None))
    return weight


def share_off(found: Tensor, x: Tensor, meant: Tensor) -> float:
    """How far a product is off, as a share of the sum of all products' sizes."""
    x = x.float()
    return float(((found.float() - x @ meant.T).abs() / (x.abs() @ meant.abs().T)).max())


def compare(case: Case, device: torch.device) -> dict[str, object]:
    """The largest differences: of a product as `share_off`, of rows as a share of the largest number."""
    kept = GroupFormat(case.bits, affine=case.affine)  # type: ignore[arg-type]
    failures: list[str] = []
    kernels, weight = (
        TritonKernels(failures.append),
        random_weight(case.rows, case.columns, kept, device),
    )
    dtype = torch.bfloat16 if case.half else torch.float32
    x = torch.randn(case.tokens, case.columns, generator=torch.Generator().manual_seed(1))
    x = x.to(device, dtype)
    meant = weight.dequantized()
    ids = torch.tensor([case.rows - 1, 0, case.rows // 2], device=device)
    first = min(3, case.rows - 1)
    found = {
        "multiply": share_off(kernels.multiply(weight, x), x, meant),
        "unpack": _off(kernels.unpack(weight, first, case.rows, torch.float32), meant[first:]),
        "rows": _off(kernels.rows(weight, ids), meant[ids]),
    }
    if failures:
        return {**asdict(case), "failed": failures[0]}
    return {**asdict(case), "bound": BOUNDS[dtype], "differences": found}


def _off(found: Tensor, expected: Tensor) -> float:
    return float((found.float() - expected).abs().max() / expected.abs().max())


@torch.no_grad()
def compare_model(device: torch.device) -> dict[str, object]:
    """A float32 model read and decoded by the kernels, in steps of fixed shapes, and by the plain form."""
    grouped.multiplies_bfloat16 = lambda: False  # type: ignore[assignment]
    plain = tiny_model(
        hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, vocab_size=64
    )
    group_(plain)
    plain = plain.to(device)
    model = copy.deepcopy(plain)
    assert all(isinstance(m.kernels, type(PLAIN)) for m in model.modules() if isinstance(m, GroupedWeight))
    model.ops = GraphedOps(PackedOps(TorchOps(), model), FixedStep)
    ids = torch.arange(16, device=device)
    caches = [m.make_cache("ahn", attention_sinks=2, sliding_window=6) for m in (model, plain)]
    off = 0.0
    for piece in ids.split([12, 1, 1, 2]):
        found, expected = (
            m(piece[None], past_key_values=c).logits for m, c in zip((model, plain), caches, strict=True)
        )
        off = max(off, _off(found, expected))
    return {"model": "tiny", "backend": model.backend, "reason": model.ops.reason, "difference": off}


def main(device_name: str) -> None:
    device = torch.device(device_name)
    for case in cases():
        print(json.dumps(compare(case, device)), flush=True)
    print(json.dumps(compare_model(device)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
