"""Another device than the CPU, without having one.

On torch's meta device a tensor left on the CPU is an error, and so is every look at a value, for which a GPU would have
to be waited for.
"""

from __future__ import annotations

import pytest
import torch

from ahn_core.config import CELL_NAMES
from tests.tiny import tiny_model


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("sink_positions", ["absolute", "capped"])
@pytest.mark.parametrize("kind", ["full", "window", "ahn"])
@torch.no_grad()
def test_reading_and_decoding_stay_on_the_device_and_wait_for_nothing(cell, sink_positions, kind) -> None:
    model = tiny_model(cell, sink_positions=sink_positions, memory_rope=sink_positions == "absolute")
    identity = model.identity  # of its values, once a model
    model = model.to("meta")
    model.identity = identity
    cache = model.make_cache(kind, attention_sinks=3, sliding_window=9)
    for count in (5, 30, 1, 1, 40, 1):
        ids = torch.zeros(1, count, dtype=torch.long, device="meta")
        logits = model(ids, past_key_values=cache).logits
        assert (logits.device.type, logits.shape) == ("meta", (1, count, model.config.vocab_size))
        cache = cache.clone()
    held = [tensor for layer in cache.layers for tensor in layer.tensors().values()]
    assert {tensor.device.type for tensor in held} == {"meta"}
    assert cache.outputs is not None and cache.outputs[0].device.type == "meta"


@torch.no_grad()
def test_a_tensor_on_the_cpu_and_a_look_at_a_value_would_be_seen() -> None:
    model = tiny_model().to("meta")
    model.identity = {}
    cache = model.make_cache("window", attention_sinks=3, sliding_window=9)
    model(torch.zeros(1, 20, dtype=torch.long, device="meta"), past_key_values=cache)
    cache.layers[1].keys = cache.layers[1].keys.new_zeros(cache.layers[1].keys.shape, device="cpu")
    with pytest.raises((RuntimeError, NotImplementedError)):
        model(torch.zeros(1, 20, dtype=torch.long, device="meta"), past_key_values=cache)
    with pytest.raises(RuntimeError):
        float(torch.zeros(1, device="meta"))
