"""The reference cases and how far a backend is from them; a program without pytest can use this, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from ahn_core import AHNForCausalLM
from ahn_core.ops.choose import BackendName

GOLDEN = Path(__file__).parent.parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def load(
    case: str, backend: BackendName | None = None, device: str = "cpu"
) -> tuple[AHNForCausalLM, dict, dict[str, torch.Tensor]]:
    folder = GOLDEN / case
    facts = json.loads((folder / "case.json").read_text())
    return (
        AHNForCausalLM.from_pretrained(
            folder / "base", folder / "ahn", dtype="float32", device=device, backend=backend
        ),
        facts,
        load_file(folder / "expected.safetensors"),
    )


def facts_of(case: str) -> dict[str, Any]:
    """Lengths, sinks and window of a case."""
    return json.loads((GOLDEN / case / "case.json").read_text(encoding="utf-8"))


def largest_error(
    case: str, splits: list[int], backend: BackendName | None = None, device: str = "cpu"
) -> float:
    """Read the prefill in pieces of these lengths, then decode one token at a time; largest difference of
    all logits.
    """
    return error_and_backend(case, splits, backend, device)[0]


def error_and_backend(
    case: str, splits: list[int], backend: BackendName | None = None, device: str = "cpu"
) -> tuple[float, str]:
    """`largest_error`, and the backend that computed in the end."""
    model, facts, expected = load(case, backend, device)
    ids = expected["input_ids"].long().to(device)
    cache = model.make_cache(
        "ahn", attention_sinks=facts["attention_sinks"], sliding_window=facts["sliding_window"]
    )
    logits = []
    with torch.no_grad():
        for piece in ids.split([*splits, *[1] * facts["decode_len"]]):
            logits.append(model(piece[None], past_key_values=cache).logits[0])
    reference = torch.cat((expected["prefill_logits"], expected["decode_logits"]))
    return float((torch.cat(logits).cpu() - reference).abs().max()), model.backend
