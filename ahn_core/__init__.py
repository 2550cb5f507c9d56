"""Artificial Hippocampus Networks: chat models that read any length in constant memory (arXiv 2510.07318).

    from ahn_core import AHNForCausalLM, load_tokenizer, stream_generate

    model, tokenizer = AHNForCausalLM.from_pretrained("embedded"), load_tokenizer("embedded")
    cache = model.make_cache("ahn", attention_sinks=64, sliding_window=960)
    for event in stream_generate(model, tokenizer, tokenizer.encode("Once upon a time"), cache):
        ...

Where to begin

- `AHNForCausalLM.from_pretrained` loads a base and its memory, `load_tokenizer` the tokenizer with its chat template.
- `AHNForCausalLM.make_cache` makes a conversation's memory. `CacheKind` is what it keeps: "full" all keys and values,
  "window" the first S (attention sinks) and the last W tokens, "ahn" these and a recurrent state of the rest.
- `prefill` reads, `stream_generate` reads and writes, as a stream of `PrefillProgress`, `Token` and `Finished`;
  `SamplingSettings` says how tokens are chosen. `AHNForCausalLM.generate` is the same in transformers' terms, and
  calling the model gives logits (`CausalLMOutput`).
- `Cache.stats` tells where the tokens are and what they cost (`CacheStats`, `LayerStats`).

In all of it B is 1: one sequence a call. T are the tokens of a call, V the vocabulary, S and W the sizes of a cache, in
tokens; sizes are in bytes, times in seconds, rates in tokens a second. Errors are one sentence with the value, the
limit, what follows and what to do: `LoadError` (files), `ConfigError` (what is in them), `BackendError` (what
computes), and ValueError for arguments.

Nothing is imported until it is used: the package itself costs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM, CausalLMOutput
    from .cache import Cache, CacheKind, CacheStats, LayerStats
    from .config import AHNConfig, BackboneConfig, ConfigError
    from .generation import Finished, PrefillProgress, Token, prefill, stream_generate
    from .loading import LoadError, load_tokenizer
    from .logprobs import TokenLogprobs
    from .ops.choose import BackendError
    from .sampling import SamplingError, SamplingSettings

_HOME = {
    "BackendError": "ops.choose",
    "AHNForCausalLM": "backbone",
    "CausalLMOutput": "backbone",
    "Cache": "cache",
    "CacheKind": "cache",
    "CacheStats": "cache",
    "LayerStats": "cache",
    "AHNConfig": "config",
    "BackboneConfig": "config",
    "ConfigError": "config",
    "Finished": "generation",
    "PrefillProgress": "generation",
    "SamplingError": "sampling",
    "SamplingSettings": "sampling",
    "Token": "generation",
    "prefill": "generation",
    "stream_generate": "generation",
    "LoadError": "loading",
    "load_tokenizer": "loading",
    "TokenLogprobs": "logprobs",
}
__all__ = [
    "AHNConfig",
    "AHNForCausalLM",
    "BackendError",
    "BackboneConfig",
    "Cache",
    "CacheKind",
    "CacheStats",
    "CausalLMOutput",
    "ConfigError",
    "Finished",
    "LayerStats",
    "LoadError",
    "PrefillProgress",
    "SamplingError",
    "SamplingSettings",
    "Token",
    "TokenLogprobs",
    "load_tokenizer",
    "prefill",
    "stream_generate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
