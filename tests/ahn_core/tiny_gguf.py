"""Random models of one or two layers as GGUF files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np

VOCABULARY = 32
HIDDEN, INNER, HEADS, KV_HEADS, SIZE = 64, 96, 4, 2, 16
Q4_1, F32 = gguf.GGMLQuantizationType.Q4_1, gguf.GGMLQuantizationType.F32


def shapes(architecture: str, layers: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a model's tensors, in torch's order."""
    found: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (VOCABULARY, HIDDEN),
        "output.weight": (VOCABULARY, HIDDEN),
        "output_norm.weight": (HIDDEN,),
    }
    for index in range(layers):
        layer: dict[str, tuple[int, ...]] = {
            "attn_q.weight": (HEADS * SIZE, HIDDEN),
            "attn_k.weight": (KV_HEADS * SIZE, HIDDEN),
            "attn_v.weight": (KV_HEADS * SIZE, HIDDEN),
            "attn_output.weight": (HIDDEN, HEADS * SIZE),
            "ffn_gate.weight": (INNER, HIDDEN),
            "ffn_up.weight": (INNER, HIDDEN),
            "ffn_down.weight": (HIDDEN, INNER),
            "attn_norm.weight": (HIDDEN,),
            "ffn_norm.weight": (HIDDEN,),
        }
        if architecture == "qwen2":
            layer |= {f"attn_{name}.bias": (heads * SIZE,) for name, heads in (("q", HEADS), ("k", KV_HEADS))}
            layer["attn_v.bias"] = (KV_HEADS * SIZE,)
        if architecture == "qwen3":
            layer |= {"attn_q_norm.weight": (SIZE,), "attn_k_norm.weight": (SIZE,)}
        found |= {f"blk.{index}.{name}": shape for name, shape in layer.items()}
    return found


def write_gguf(
    path: Path,
    architecture: str = "llama",
    *,
    layers: int = 1,
    tokens: list[str] | None = None,
    merges: list[str] | None = None,
    pre: str | None = None,
    tensors_a_part: int = 0,
    change: Callable[[dict[str, tuple[int, ...]]], None] = lambda shapes: None,
    extra: Callable[[gguf.GGUFWriter], Any] = lambda writer: None,
    kinds: dict[str, gguf.GGMLQuantizationType] | None = None,
) -> None:
    """Write a model, matrices in Q4_1 and vectors in float32; in parts beside `path` with `tensors_a_part`.

    `change` may add and take away tensors, `extra` adds keys. `kinds`: matrices in other blocks, by their last names.
    """
    writer = gguf.GGUFWriter(path, architecture, split_max_tensors=tensors_a_part)
    random = np.random.default_rng(0)
    writer.add_block_count(layers)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(VOCABULARY)
    if architecture == "qwen3":
        writer.add_key_length(SIZE)
        writer.add_value_length(SIZE)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens or [f"t{i}" for i in range(VOCABULARY)])
    if merges is not None:
        writer.add_token_merges(merges)
    if pre is not None:
        writer.add_tokenizer_pre(pre)
    extra(writer)
    wanted = shapes(architecture, layers)
    change(wanted)
    for name, shape in wanted.items():
        if len(shape) > 1:
            kind = (kinds or {}).get(name.split(".")[-2], Q4_1)
            packed = gguf.quants.quantize(random.normal(size=shape).astype(np.float32), kind)
            writer.add_tensor(name, packed, raw_dtype=kind)
        else:
            writer.add_tensor(name, random.uniform(0.5, 1.5, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
