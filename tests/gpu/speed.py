"""Random-weight models of the published shapes: reading, decoding and memory, ours and transformers' on one set of
weights, as shares of what the card could do.
"""

from __future__ import annotations

import inspect
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ahn_core import (
    AHNConfig,
    AHNForCausalLM,
    Finished,
    SamplingSettings,
    Token,
    planner,
    stream_generate,
)
from ahn_core.cache import Cache, CacheKind
from ahn_core.config import BackboneConfig, CellName
from ahn_core.quantization import linears_of
from tests.tiny import byte_tokenizer

from .common import Clock, Results, Scale, free, peak_bytes, seconds
from .machine import rates

_CELL: CellName = "GatedDeltaNet"


@torch.no_grad()
def random_model(config: BackboneConfig, scale: Scale, *, packed: bool = False) -> AHNForCausalLM:
    """A model on the device, without ever having been anywhere else. packed: what 4 bits replace stays away."""
    with torch.device("meta"):
        model = AHNForCausalLM(config, AHNConfig(cell=_CELL), name="random")
    away = {f"{name}.weight" for name, _ in linears_of(model, "int4")} | {"embed_tokens.weight"}
    for name, parameter in list(model.named_parameters()):
        if packed and name in away:
            continue
        kept = name.endswith(("A_log", "dt_bias"))
        tensor = torch.empty(
            parameter.shape, dtype=torch.float32 if kept else scale.dtype, device=scale.device
        )
        if parameter.dim() > 1:
            tensor.normal_(0.0, 0.02)
        else:
            tensor.fill_(1.0 if name.endswith("norm.weight") else 0.0)
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, nn.Parameter(tensor, requires_grad=False))
    if config.tie_word_embeddings and not packed:
        model.lm_head.weight = model.embed_tokens.weight
    return model.eval()


def weight_bytes(model: AHNForCausalLM) -> int:
    """Bytes of all weights; a tied one counts once."""
    return sum({t.data_ptr(): t.nbytes for t in model.state_dict().values()}.values())


def bytes_a_token(model: AHNForCausalLM) -> int:
    """Bytes of weights that decoding a token reads: of an embedding that is not the head, one row."""
    tied = model.config.tie_word_embeddings
    table = sum(t.nbytes for t in model.embed_tokens.state_dict().values())
    return weight_bytes(model) - (0 if tied else table)


def tokens(count: int, config: BackboneConfig, scale: Scale) -> Tensor:
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, config.vocab_size, (count,), generator=generator).to(scale.device)


@torch.no_grad()
def read(model: AHNForCausalLM, cache: Cache, ids: Tensor, chunk: int) -> None:
    for piece in ids.split(chunk):
        model.read(piece[None], cache)


@torch.no_grad()
def decode(model: AHNForCausalLM, cache: Cache, count: int) -> None:
    """Greedy, the next token chosen and fed on the device."""
    token = torch.zeros(1, 1, dtype=torch.long, device=model.device)
    for _ in range(count):
        token = model.logits(model.read(token, cache)).argmax(-1, keepdim=True)


def generation(model: AHNForCausalLM, cache: Cache, scale: Scale) -> dict[str, Any]:
    """Tokens a second of `stream_generate`, with all that a chat needs of a token: waiting for each, and with the next
    step queued before one is looked at; and whether both choose the same.
    """
    found: dict[str, Any] = {}
    chosen = []
    sampling = SamplingSettings(temperature=0.8, top_p=0.95, repetition_penalty=1.1, seed=1)
    for name, ahead in (("waiting", False), ("ahead", True)):
        events = list(
            stream_generate(
                model,
                byte_tokenizer(),
                [0],
                cache.clone(),
                max_new_tokens=scale.decoded,
                sampling=sampling,
                ahead=ahead,
            )
        )
        last = events[-1]
        assert isinstance(last, Finished)
        found[f"generate_per_second_{name}"] = last.decode_tokens_per_second
        chosen.append([event.token_id for event in events if isinstance(event, Token)])
    return {**found, "same_tokens": chosen[0] == chosen[1]}


def ours(scale: Scale, results: Results, clock: Clock) -> None:
    """Reading from length to length, and decoding at each, without and with graphs."""
    limits = rates(scale)
    for size, config in scale.configs.items():
        model = random_model(config, scale)
        backend = model.use_backend()
        weights = weight_bytes(model)
        results.add(what="model", model=size, backend=backend, reason=model.ops.reason, weight_bytes=weights)
        measure(model, "ahn", size, scale, results, clock, limits)
        if size == next(iter(scale.configs)):
            measure(model, "full", size, scale, results, clock, limits)
        del model
        free(scale)


def measure(
    model: AHNForCausalLM,
    kind: CacheKind,
    size: str,
    scale: Scale,
    results: Results,
    clock: Clock,
    limits: dict[str, float],
) -> None:
    """One kind of cache, as far as time and the card's memory reach."""
    try:
        _measure_lengths(model, kind, size, scale, results, clock, limits)
    except torch.OutOfMemoryError as error:
        results.add(what="ours", model=size, kind=kind, failed=str(error).splitlines()[0])
    free(scale)


def _measure_lengths(
    model: AHNForCausalLM,
    kind: CacheKind,
    size: str,
    scale: Scale,
    results: Results,
    clock: Clock,
    limits: dict[str, float],
) -> None:
    config = model.config
    cache = model.make_cache(kind, attention_sinks=scale.sinks, sliding_window=scale.window)
    weights = bytes_a_token(model)
    before, spent, rate = 0, 0.0, 0.0
    warm = model.make_cache(kind, attention_sinks=scale.sinks, sliding_window=scale.chunk)
    read(model, warm, tokens(2 * scale.chunk, config, scale), scale.chunk)
    decode(model, warm, 3)
    del warm
    for length in scale.lengths:
        if before and clock.left < 3 * (length - before) / rate:
            results.add(what="ours", model=size, kind=kind, tokens=length, skipped="it would take too long")
            return
        if scale.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        ids = tokens(length - before, config, scale)
        reading = seconds(partial(read, model, cache, ids, scale.chunk), scale.device)
        spent, rate = spent + reading, (length - before) / reading
        capacity = None if kind == "full" else scale.sinks + scale.window
        # The head is not computed while reading.
        flops = planner.costs(
            config, length, capacity=capacity, cell=_CELL if kind == "ahn" else None
        ).model_flops
        flops -= 2 * 2 * config.vocab_size * config.hidden_size * length
        result: dict[str, Any] = {
            "what": "ours",
            "model": size,
            "kind": kind,
            "tokens": length,
            "read_per_second": rate,
            "read_per_second_from_0": length / spent,
            "share_of_flops": flops / spent / limits["flops_per_second"],
            "peak_bytes": peak_bytes(scale.device),
            "cache_bytes": cache.nbytes,
        }
        plain = model.ops
        for name in ("kernels", "graphs") if scale.device.type == "cuda" else ("kernels",):
            if name == "graphs":
                model.use_backend("graphs")
            twin = cache.clone() if kind == "ahn" else cache
            decode(model, twin, 3)
            per_token = seconds(partial(decode, model, twin, scale.decoded), scale.device) / scale.decoded
            result[f"decode_per_second_{name}"] = 1 / per_token
            moved = weights + cache.nbytes
            result[f"share_of_bandwidth_{name}"] = moved / per_token / limits["bytes_per_second"]
            result[f"backend_{name}"] = model.backend
            del twin
        if kind == "ahn" and length == scale.lengths[0]:  # still with graphs
            result |= generation(model, cache, scale)
        model.ops = plain
        results.add(**result)
        before = cache.get_seq_length()


def theirs(scale: Scale, results: Results, clock: Clock) -> None:
    """transformers with SDPA on the very same weights; and whether it computes the same logits."""
    for size, config in scale.configs.items():
        model = random_model(config, scale)
        model.use_backend()
        other = as_transformers(model, scale)
        ids = tokens(200, config, scale)[None]
        with torch.no_grad():
            a, b = model(ids).logits.float(), other(ids).logits.float()
        off = float((a - b).abs().max() / b.abs().max())
        results.add(what="same logits", model=size, difference=off, right=off < 5e-2)
        try:
            _measure_theirs(other, size, config, scale, results, clock)
        except torch.OutOfMemoryError as error:
            results.add(what="transformers", model=size, failed=str(error).splitlines()[0])
        del model, other
        free(scale)


@torch.no_grad()
def _measure_theirs(
    model: Any, size: str, config: BackboneConfig, scale: Scale, results: Results, clock: Clock
) -> None:
    from transformers import DynamicCache

    cache, before, rate = DynamicCache(), 0, 0.0
    # What the argument is called changes between versions 5.17 and 5.40.
    named = "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"
    model(tokens(scale.chunk, config, scale)[None], **{named: DynamicCache()}, logits_to_keep=1)
    for length in scale.lengths:
        if before and clock.left < 3 * (length - before) / rate:
            results.add(what="transformers", model=size, tokens=length, skipped="it would take too long")
            return

        def reading(count: int = length - before) -> None:
            for piece in tokens(count, config, scale).split(scale.chunk):
                model(piece[None], **{named: cache}, logits_to_keep=1)

        def decoding(count: int) -> None:
            token = torch.zeros(1, 1, dtype=torch.long, device=scale.device)
            for _ in range(count):
                token = model(token, **{named: cache}).logits[:, -1].argmax(-1, keepdim=True)

        rate = (length - before) / seconds(reading, scale.device)
        decoding(3)
        per_token = seconds(partial(decoding, scale.decoded), scale.device) / scale.decoded
        results.add(
            what="transformers",
            model=size,
            tokens=length,
            read_per_second=rate,
            decode_per_second=1 / per_token,
            peak_bytes=peak_bytes(scale.device),
        )
        before = length + 3 + scale.decoded


@torch.no_grad()
def as_transformers(model: AHNForCausalLM, scale: Scale) -> Any:
    """Qwen2 of transformers whose parameters are views of the model's."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    c = model.config
    config = Qwen2Config(
        **{k: v for k, v in asdict(c).items() if k in _SHARED},
        rope_parameters={"rope_type": "default", "rope_theta": c.inverse_frequencies[1] ** (-c.head_dim / 2)},
        attn_implementation="sdpa",
        dtype=scale.dtype,
    )
    with torch.device("meta"):
        other = Qwen2ForCausalLM(config)
    state = {}
    queries, keys = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
    for name, tensor in model.state_dict().items():
        if ".ahn." in name:
            continue
        outer = name if name.startswith("lm_head") else f"model.{name}"
        if ".qkv_proj." in name:
            for leaf, part in zip("qkv", tensor.split((queries, keys, keys)), strict=True):
                state[outer.replace("qkv_proj", f"{leaf}_proj")] = part
        elif ".gate_up_proj." in name:
            for leaf, part in zip(("gate", "up"), tensor.chunk(2), strict=True):
                state[outer.replace("gate_up_proj", f"{leaf}_proj")] = part
        else:
            state[outer] = tensor
    other.load_state_dict(state, assign=True)
    # Its rotary table is computed, not loaded: made on the meta device, it has to be made again.
    other.model.rotary_emb = type(other.model.rotary_emb)(config).to(scale.device)
    return other.eval()


_SHARED = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
    "rms_norm_eps",
    "tie_word_embeddings",
)
