"""Another device than the CPU, without having one.

On torch's meta device a tensor left on the CPU is an error, and so is every look at a value, for which a GPU would have
to be waited for. (FakeTensorMode knows the name cuda, but only a PyTorch built for it can index such a tensor.)
"""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ahn_core import AHNForCausalLM, LoadError, SamplingSettings, sampling
from ahn_core.config import CELL_NAMES
from ahn_core.devices import best_device, device_named
from ahn_core.grouped import group_
from ahn_core.ops.flash import FlashOps
from ahn_core.ops.graphs import FixedStep, GraphedOps
from ahn_core.ops.plain import TorchOps
from ahn_core.sampling import Sampler
from ahn_core.undo import StepUndo
from tests.tiny import tiny_model


def on_meta(model: AHNForCausalLM, dtype: torch.dtype = torch.float32) -> AHNForCausalLM:
    """The model there, in the number formats that loading gives it."""
    model.identity  # noqa: B018 - of its values, once a model
    for module in model.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            moved = parameter.to("meta", torch.float32 if name in ("A_log", "dt_bias") else dtype)
            setattr(module, name, nn.Parameter(moved, requires_grad=False))
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, buffer.to("meta", dtype if buffer.is_floating_point() else buffer.dtype))
    return model


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("kind", ["full", "window", "ahn"])
@pytest.mark.parametrize(
    ("weights", "sink_positions"),
    [
        ("float32", "absolute"),
        ("float32", "capped"),
        ("bfloat16, flash, fixed steps", "absolute"),
        ("int4", "absolute"),
    ],
)
@torch.no_grad()
def test_reading_and_decoding_stay_on_the_device_and_wait_for_nothing(
    cell, sink_positions, kind, weights: str
) -> None:
    model = tiny_model(cell, sink_positions=sink_positions, memory_rope=sink_positions == "absolute")
    if weights == "int4":
        group_(model)
    model = on_meta(model, torch.float32 if weights == "float32" else torch.bfloat16)
    if weights.startswith("bfloat16"):
        model.ops = GraphedOps(FlashOps(TorchOps()), FixedStep)
    assert model.device.type == "meta"
    backend = model.backend
    cache = model.make_cache(kind, attention_sinks=3, sliding_window=9)
    for count in (5, 8, 30, 1, 1, 40, 1):
        ids = torch.zeros(1, count, dtype=torch.long, device="meta")
        logits = model(ids, past_key_values=cache).logits
        assert (logits.device.type, logits.shape) == ("meta", (1, count, model.config.vocab_size))
        assert logits.dtype == model.dtype
        cache = cache.clone()
    assert model.backend == backend, "nothing failed"
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


class Copies(TorchDispatchMode):
    """Notes every copy from the CPU to the device, for which the host waits until all that is queued has run."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):  # type: ignore[no-untyped-def]
        options = {name: x for name, x in (options or {}).items() if name != "generator"}  # meta has none
        out = function(*arguments, **options)
        if "copy" in str(function):
            tensors = [x for x in (*arguments, out) if isinstance(x, torch.Tensor)]
            if len({x.device.type for x in tensors}) > 1 and tensors[0].dim():
                self.shapes.append(tuple(tensors[0].shape))
        return out


class HostNumbers(TorchFunctionMode):
    """Notes every tensor made of Python's numbers on the device, which is a copy, too."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []

    def __torch_function__(self, function, types, arguments=(), options=None):  # type: ignore[no-untyped-def]
        out = function(*arguments, **(options or {}))
        if function in (torch.tensor, torch.as_tensor) and out.device.type != "cpu":
            self.made.append(function.__name__)
        return out


class TorchWithCpuGenerators:
    """torch, but generators are the CPU's: the meta device has none."""

    def __getattr__(self, name: str) -> object:
        return getattr(torch, name)

    def Generator(self, device: object) -> torch.Generator:
        return torch.Generator()


@pytest.mark.parametrize(
    ("cell", "weights"), [*((c, "float32") for c in CELL_NAMES), ("GatedDeltaNet", "int4")]
)
@pytest.mark.parametrize(
    "settings",
    [
        SamplingSettings(),
        SamplingSettings(0.7, top_p=0.9, top_k=9, min_p=0.01, repetition_penalty=1.2, seed=1),
    ],
    ids=["greedy", "drawn"],
)
@torch.no_grad()
def test_decoding_neither_looks_at_a_token_nor_copies_to_the_device(
    cell, settings: SamplingSettings, weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "torch", TorchWithCpuGenerators())
    model = tiny_model(cell)
    if weights == "int4":
        group_(model)
    model = on_meta(model)
    cache = model.make_cache("ahn", attention_sinks=3, sliding_window=9)
    state = model.read(torch.zeros(1, 40, dtype=torch.long, device="meta"), cache)
    assert state.device.type == "meta"
    sampler, undo = Sampler(settings, model.device), StepUndo(cache)
    model.read(torch.zeros(1, 1, dtype=torch.long, device="meta"), cache)  # fetches the rotary table's block
    with Copies() as copies, HostNumbers() as numbers:
        for _ in range(10):
            token = sampler.choose(model.logits(state[-1:])[0])
            undo.keep()
            state = model.read(token[None], cache)
            share = cache.mean_memory_share()
    assert (copies.shapes, numbers.made) == ([], [])
    assert share is not None and share.device.type == "meta"
    with pytest.raises(RuntimeError):
        int(token)


@pytest.mark.parametrize("name", ["nonsense", "cuda:99", "cuda 0"])
def test_a_device_that_is_not_there_is_one_sentence(name: str) -> None:
    with pytest.raises(LoadError, match="so nothing was loaded") as raised:
        device_named(name)
    assert "\n" not in str(raised.value) and str(raised.value).endswith(".")
    with pytest.raises(LoadError):
        AHNForCausalLM.from_pretrained("nowhere", device=name)


def test_a_device_by_its_name() -> None:
    assert device_named("cpu") == device_named(torch.device("cpu")) == torch.device("cpu")
    assert device_named(None) == best_device().device
