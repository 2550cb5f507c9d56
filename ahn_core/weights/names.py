"""Which stored tensors make up each of the model's: query, key and value are joined, and so are gate and up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config import BackboneConfig

if TYPE_CHECKING:
    from .source import Shape

# Ours, and the stored ones that are stacked to it, row upon row.
_JOINED = {
    "self_attn.qkv_proj": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "mlp.gate_up_proj": ("mlp.gate_proj", "mlp.up_proj"),
}
_GGUF_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_GGUF_OUTER = {"token_embd": "embed_tokens", "output_norm": "norm", "output": "lm_head"}
_FROM_GGUF = {theirs: ours for ours, theirs in _GGUF_LAYER.items()}


def stored_shapes(config: BackboneConfig) -> dict[str, Shape]:
    """Name, without "model.", and shape of every tensor that a checkpoint of this base has to hold."""
    hidden, inner, size = config.hidden_size, config.intermediate_size, config.head_dim
    queries, keys = config.num_attention_heads * size, config.num_key_value_heads * size
    layer: dict[str, Shape] = {
        "input_layernorm.weight": (hidden,),
        "post_attention_layernorm.weight": (hidden,),
    }
    linears = (
        ("self_attn.q_proj", queries, hidden, config.qkv_bias),
        ("self_attn.k_proj", keys, hidden, config.qkv_bias),
        ("self_attn.v_proj", keys, hidden, config.qkv_bias),
        ("self_attn.o_proj", hidden, queries, config.attention_output_bias),
        ("mlp.gate_proj", inner, hidden, config.mlp_bias),
        ("mlp.up_proj", inner, hidden, config.mlp_bias),
        ("mlp.down_proj", hidden, inner, config.mlp_bias),
    )
    for name, rows, columns, bias in linears:
        layer[f"{name}.weight"] = (rows, columns)
        if bias:
            layer[f"{name}.bias"] = (rows,)
    if config.qk_norm:
        layer |= {"self_attn.q_norm.weight": (size,), "self_attn.k_norm.weight": (size,)}
    shapes: dict[str, Shape] = {
        "embed_tokens.weight": (config.vocab_size, hidden),
        "norm.weight": (hidden,),
    }
    if not config.tie_word_embeddings:
        shapes["lm_head.weight"] = (config.vocab_size, hidden)
    for index in range(config.num_hidden_layers):
        shapes |= {f"layers.{index}.{name}": shape for name, shape in layer.items()}
    return shapes


def pieces_of(name: str) -> tuple[str, ...]:
    """The stored tensors that, row upon row, are our `name`: "layers.0.self_attn.qkv_proj.weight", say."""
    for ours, theirs in _JOINED.items():
        before, found, after = name.partition(f".{ours}.")
        if found:
            return tuple(f"{before}.{piece}.{after}" for piece in theirs)
    return (name,)


def from_gguf(name: str) -> str | None:
    """The name, as `stored_shapes` has it, of a GGUF tensor ("blk.0.attn_q.weight", say); None of an unknown one."""
    parts = name.split(".")
    if len(parts) == 2 and parts[0] in _GGUF_OUTER:
        return f"{_GGUF_OUTER[parts[0]]}.{parts[1]}"
    if len(parts) == 4 and parts[0] == "blk" and parts[2] in _FROM_GGUF:
        return f"layers.{parts[1]}.{_FROM_GGUF[parts[2]]}.{parts[3]}"
    return None
