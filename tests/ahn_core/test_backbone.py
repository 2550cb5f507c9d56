"""The backbone against transformers: tiny random models, family by family."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from ahn_core import AHNForCausalLM

SIZES = {
    "vocab_size": 97,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}


def rope(**parameters: object) -> dict:
    return {"rope_parameters": {"rope_theta": 10_000.0, **parameters}}


FAMILIES = {
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=False)),
    "qwen2 tied": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=20)),
    "qwen3 biased": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=8, attention_bias=True)),
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES)),
    "llama biased": (LlamaForCausalLM, LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True)),
    "linear rope": (LlamaForCausalLM, LlamaConfig(**SIZES, **rope(rope_type="linear", factor=4.0))),
    "yarn": (
        Qwen2ForCausalLM,
        Qwen2Config(**SIZES, **rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=64)),
    ),
    "llama 3": (
        LlamaForCausalLM,
        LlamaConfig(
            **SIZES,
            **rope(
                rope_type="llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=32,
            ),
        ),
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_equals_transformers(family: str, tmp_path: Path, device: torch.device) -> None:
    close = {"rtol": 0, "atol": 1e-4 if device.type == "cpu" else 2e-3}
    make, config = FAMILIES[family]
    torch.manual_seed(0)
    reference = make(config).eval()
    with torch.no_grad():
        for parameter in reference.parameters():
            # Biases and norms start at zeros and ones, where a forgotten one would not show.
            parameter.normal_(std=0.3) if parameter.dim() > 1 else parameter.uniform_(0.5, 1.5)
    reference.save_pretrained(tmp_path)
    model = AHNForCausalLM.from_pretrained(tmp_path, device=device, dtype="float32")
    ids = torch.randint(0, 97, (1, 50)).to(device)
    with torch.no_grad():
        expected = reference.to(device)(ids).logits
        cache = model.make_cache("full")
        whole = model(ids, past_key_values=cache).logits
        torch.testing.assert_close(whole, expected, **close)
        torch.testing.assert_close(model(ids, logits_to_keep=2).logits, expected[:, -2:], **close)
        cache = model.make_cache("ahn", attention_sinks=4, sliding_window=60)
        steps = torch.cat([model(ids[:, t : t + 1], past_key_values=cache).logits for t in range(50)], dim=1)
    torch.testing.assert_close(steps, expected, **close)


def test_rotation_stays_exact_far_out() -> None:
    """At position one million float32 angles are off by up to 0.031 rad; the table is held to float64."""
    from ahn_core.rope import Rotary
    from tests.tiny import tiny_model

    config = tiny_model().config
    cos, sin = Rotary(config).table(1_000_000, 3, device=torch.device("cpu"), dtype=torch.float32)
    angles = torch.arange(1_000_000, 1_000_003, dtype=torch.float64)[:, None] * torch.tensor(
        config.inverse_frequencies, dtype=torch.float64
    )
    torch.testing.assert_close(cos[:, :8], angles.cos().float(), rtol=0, atol=1e-6)
    torch.testing.assert_close(sin[:, 8:], angles.sin().float(), rtol=0, atol=1e-6)


def test_trained_length_counts_the_rope_scaling(tmp_path: Path) -> None:
    from ahn_core import BackboneConfig

    assert BackboneConfig.from_transformers(FAMILIES["yarn"][1]).max_position_embeddings == 256
    assert BackboneConfig.from_transformers(FAMILIES["linear rope"][1]).max_position_embeddings == 256
    assert BackboneConfig.from_transformers(FAMILIES["llama"][1]).max_position_embeddings == 64


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (LlamaConfig(**SIZES, hidden_act="gelu"), "activation 'gelu'"),
        (Qwen2Config(**SIZES, use_sliding_window=True, max_window_layers=1), "own sliding window"),
        (LlamaConfig(**SIZES, **rope(rope_type="dynamic", factor=2.0)), "rotary type 'dynamic'"),
    ],
)
def test_what_cannot_be_computed_is_refused(config, words: str) -> None:
    from ahn_core import BackboneConfig, ConfigError

    with pytest.raises(ConfigError, match=words):
        BackboneConfig.from_transformers(config)
