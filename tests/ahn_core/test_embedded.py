"""The embedded model: equal to transformers, and as good at 20,000 tokens as at 4,000."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from ahn_core import AHNForCausalLM, load_tokenizer, zoo
from ahn_core.config import CellName
from ahn_core.eval.losses import token_losses

# The opening chapters of Melville's Moby-Dick (1851), public domain.
TEXT = Path(__file__).parent.parent / "data" / "moby-dick-opening.txt.gz"


@pytest.fixture(scope="module")
def model(embedded_path: Path) -> AHNForCausalLM:
    return AHNForCausalLM.from_pretrained("embedded", device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def quick(embedded_path: Path) -> AHNForCausalLM:
    """The same in the format that a CPU reads fastest, as chats use it."""
    return AHNForCausalLM.from_pretrained("embedded", device="cpu")


@pytest.fixture(scope="module")
def ids(embedded_path: Path) -> torch.Tensor:
    text = gzip.decompress(TEXT.read_bytes()).decode("utf-8")
    return torch.tensor(load_tokenizer("embedded").encode(text))


def cross_entropy(model: AHNForCausalLM, ids: torch.Tensor, spans: tuple[range, ...]) -> list[float]:
    """Mean over the tokens of each span, in nats; read in chunks of 512 with the embedded S and W."""
    cache, wanted = model.make_cache("ahn"), {at: i for i, span in enumerate(spans) for at in span}
    ids = ids[: max(wanted) + 1]
    losses: list[list[torch.Tensor]] = [[] for _ in spans]
    with torch.no_grad():
        for start in range(0, len(ids) - 1, 512):
            hidden = model.read(ids[None, start : min(start + 512, len(ids) - 1)], cache)
            # The head alone is a fifth of the work, so it runs only where its logits are looked at.
            rows = [row for row in range(len(hidden)) if start + row + 1 in wanted]
            if rows:
                targets = ids[[start + row + 1 for row in rows]]
                loss = F.cross_entropy(model.lm_head(hidden[rows]), targets, reduction="none")
                for row, value in zip(rows, loss, strict=True):
                    losses[wanted[start + row + 1]].append(value)
    assert [len(values) for values in losses] == [len(span) for span in spans]
    return [float(torch.stack(values).mean()) for values in losses]


def test_equals_transformers(model: AHNForCausalLM, ids: torch.Tensor, embedded_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    reference = AutoModelForCausalLM.from_pretrained(embedded_path, dtype=torch.float32).eval()
    piece = ids[None, :200]
    with torch.no_grad():
        expected = reference(piece).logits
        torch.testing.assert_close(model(piece).logits, expected, rtol=0, atol=1e-3)
        cache = model.make_cache("ahn", attention_sinks=64, sliding_window=960)
        model(piece[:, :190], past_key_values=cache)
        steps = [model(piece[:, t : t + 1], past_key_values=cache).logits for t in range(190, 200)]
    torch.testing.assert_close(torch.cat(steps, dim=1), expected[:, 190:], rtol=0, atol=1e-3)


def test_the_embedded_switches(model: AHNForCausalLM) -> None:
    assert model.ahn_config.sink_positions == "capped"
    assert model.ahn_config.memory_rope is False
    assert model.ahn_config.memory_window_power == 0.6
    assert model.config.max_position_embeddings == 8192


def test_a_long_document_does_not_become_noise(quick: AHNForCausalLM, ids: torch.Tensor) -> None:
    """The same tokens before position 3,500 and before 11,500: with absolute sinks the second are 5% harder to foretell
    and soon noise, because the base was trained to position 8,192. The text repeats every 4,000 tokens, far beyond the
    window.
    """
    near, far = cross_entropy(quick, ids[:4_000].repeat(3), (range(3_000, 3_500), range(11_000, 11_500)))
    assert far < near * 1.03
    assert far < 5.0  # noise is 7 to 11 nats


@pytest.mark.parametrize("cell", [cell for cell, _folder in zoo.EMBEDDED.memory_folders])
def test_each_shipped_memory_is_better_than_none(
    model: AHNForCausalLM, ids: torch.Tensor, cell: CellName
) -> None:
    """On a novel it was not trained on, with a window small enough for a text of 700 tokens to need a memory."""
    if cell == model.ahn_config.cell:
        remembering = model  # the default
    else:
        remembering = AHNForCausalLM.from_pretrained("embedded", cell, device="cpu", dtype="float32")
    assert remembering.ahn_config.cell == cell
    assert remembering.memory_trained
    assert dict(remembering.ahn_config.training)["base"] == model.name
    sizes = {"attention_sinks": 16, "sliding_window": 112}
    window, ahn = (
        token_losses(remembering, ids[:700], remembering.make_cache(kind, **sizes))
        for kind in ("window", "ahn")
    )
    torch.testing.assert_close(ahn[:127], window[:127])
    assert float(ahn[128:].mean()) < float(window[128:].mean())


def test_from_python_the_best_there_is_for_a_cpu_is_the_default(quick: AHNForCausalLM) -> None:
    assert quick.precision == "int8"
    assert quick.backend == AHNForCausalLM.from_pretrained("embedded", device="cpu", dtype="int8").backend
    plain = AHNForCausalLM.from_pretrained("embedded", device="cpu", backend="torch")
    assert (plain.precision, plain.backend) == ("float32", "torch")


def test_the_default_memory_is_a_gated_delta_net(model: AHNForCausalLM) -> None:
    assert model.ahn_config.cell == "GatedDeltaNet"


def test_the_embedded_window_is_the_default(model: AHNForCausalLM) -> None:
    cache = model.make_cache("ahn")
    assert (cache.attention_sinks, cache.sliding_window) == (64, 960)
