"""What a base and its memory cost at a context's length, by arithmetic alone: weights, cache, operations.

The counting is the paper's (arXiv 2510.07318, its table of costs at 128,000 tokens): attention multiplies each query
with the keys it sees and the values it weighs, 4 H D operations a key; mixing adds the four projections, 2 operations a
weight; the model adds the MLP, and counts embedding and output head as 2 V hidden each; a cache is keys, values and
states, all in the number format of the keys. What a cache of this program holds, to the byte, is `cache_nbytes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from .config import AHNConfig, BackboneConfig, CellName

_STATE_BYTES = 4  # of a number in a state or a waiting gate: float32 whatever the model's format


@dataclass(frozen=True)
class Costs:
    """Of reading `tokens` tokens and holding them: operations of the layers' mixing and of the whole model, and bytes
    of the cache, keys, values and state in one format.
    """

    mixing_flops: float
    model_flops: float
    cache_bytes: float


@dataclass(frozen=True)
class Comparison:
    """Costs as shares of full attention's."""

    mixing: float
    model: float
    cache: float


def memory_parameters(config: BackboneConfig, cell: CellName) -> int:
    """Weights that an AHN adds, over all layers; without GatedDeltaNet's `D`, which is published and never used."""
    heads, size, hidden = config.num_attention_heads, config.head_dim, config.hidden_size
    output_map, gate = heads * size * size, heads * hidden
    layer = {
        "DeltaNet": output_map + 2 * gate + size,
        "GatedDeltaNet": output_map + 3 * gate + 2 * heads + size,
        "Mamba2": output_map + 2 * (gate + heads) + 2 * heads + heads * size,
    }[cell]
    return config.num_hidden_layers * layer


def base_parameters(config: BackboneConfig) -> int:
    """Weights of the base; a head tied to the embedding counts once."""
    from .weights.names import stored_shapes

    return sum(prod(shape) for shape in stored_shapes(config).values())


def mean_keys(tokens: int, capacity: int | None) -> float:
    """Keys a query sees, over a text of `tokens`: half of them, or fewer beside S + W = `capacity`."""
    if capacity is None or tokens <= capacity:
        return tokens / 2
    return (tokens * capacity - capacity**2 / 2) / tokens


def costs(
    config: BackboneConfig,
    tokens: int,
    *,
    capacity: int | None,
    cell: CellName | None,
    format_bytes: int = 2,
) -> Costs:
    """The paper's columns for `tokens` tokens.

    Args:
        capacity: S + W; None: full attention.  cell: of the memory; None: the window alone.
    """
    hidden, layers, inner = config.hidden_size, config.num_hidden_layers, config.intermediate_size
    heads, kv_heads, size = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    attention = 4 * heads * size * mean_keys(tokens, capacity)
    projections = 2 * hidden * size * (2 * heads + 2 * kv_heads)
    remembering = 0.0
    if cell is not None and capacity is not None and tokens > capacity:
        # Writing and reading a state, two products of D x D a head each, and what the cell's own maps cost.
        gates = memory_parameters(config, cell) / layers - heads * size * size
        share = (tokens - capacity) / tokens
        remembering = share * (2 * heads * size * size * 3 + 2 * gates)
    mixing = layers * (attention + projections + remembering)
    model = mixing + layers * 2 * 3 * hidden * inner + 2 * 2 * config.vocab_size * hidden
    kept = tokens if capacity is None else min(tokens, capacity)
    cache = layers * 2 * kv_heads * size * kept * format_bytes
    if cell is not None and capacity is not None:
        cache += layers * heads * size * size * format_bytes
    return Costs(mixing * tokens, model * tokens, cache)


def compared(config: BackboneConfig, tokens: int, *, capacity: int, cell: CellName | None) -> Comparison:
    """`costs` as shares of full attention's."""
    ours = costs(config, tokens, capacity=capacity, cell=cell)
    full = costs(config, tokens, capacity=None, cell=None)
    return Comparison(
        ours.mixing_flops / full.mixing_flops,
        ours.model_flops / full.model_flops,
        ours.cache_bytes / full.cache_bytes,
    )


def cache_nbytes(
    config: BackboneConfig,
    ahn_config: AHNConfig,
    kind: str,
    *,
    attention_sinks: int,
    sliding_window: int,
    tokens: int,
    format_bytes: int,
) -> int:
    """Bytes a real cache holds after `tokens` tokens, to the last one for "window" and "ahn"; for "full" what the
    tokens need, which grows in steps of a quarter.
    """
    layers, heads, size = config.num_hidden_layers, config.num_attention_heads, config.head_dim
    row = 2 * config.num_key_value_heads * size * format_bytes  # K and V of one token
    if kind == "full":
        return layers * row * tokens
    layer = (attention_sinks + sliding_window) * row
    if ahn_config.sink_positions == "capped":
        layer += attention_sinks * row // 2  # their keys before rotation
    if kind == "ahn":
        gates = 1 if ahn_config.cell == "DeltaNet" else 2
        layer += _STATE_BYTES * (sliding_window * gates * heads + heads * size * size)
    return layers * layer
