"""What a model takes on this machine, for people: memory, operations, time, and whether it fits; before it is fetched.

The counting is `ahn_core.planner`'s. Times go by what this machine has measured: the very model's speed, or the
operations a second that another model reached here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from ahn_core import planner
from ahn_core.config import AHNConfig, BackboneConfig, CellName
from app.models.catalogue import CHOICES, Choice
from app.models.dtypes import LOADING_BYTES, default_window_of, planned_dtype, working_bytes
from app.models.wording import size_words

if TYPE_CHECKING:
    import torch

    from ahn_core.quantization import Precision
    from ahn_core.weights.gguf_model import GGUFModel

MemoryKind = Literal["full", "window", "ahn"]
KINDS: tuple[MemoryKind, ...] = ("full", "window", "ahn")
PAPER_CONTEXT = 128_000  # tokens


@dataclass(frozen=True)
class Costs:
    """With one kind of memory: bytes of the cache, operations of reading the context, seconds of that where a speed is
    known.
    """

    cache_bytes: int
    mixing_flops: float
    model_flops: float
    seconds: float | None


@dataclass(frozen=True)
class Plan:
    """Bytes, tokens and operations; `free_bytes` None where the device does not tell.

    Args:
        trained: tokens the base was trained for; beyond them full attention is not the base any more.
        working_bytes: what reading takes beside weights and cache.
        loading_bytes: the most that is in memory while the model is loaded.
        shares: "cache", "mixing" and "model" operations as shares of full attention's, as the paper counts them.
        rate_from: whose measured speed the times go by; "" where none was measured.
    """

    title: str
    context: int
    attention_sinks: int
    sliding_window: int
    trained: int
    device: str
    dtype: str
    parameters: int
    memory_parameters: int
    weight_bytes: int
    working_bytes: int
    loading_bytes: int
    free_bytes: int | None
    costs: Mapping[MemoryKind, Costs]
    shares: Mapping[MemoryKind, Mapping[str, float]]
    rate_from: str

    @property
    def needed_bytes(self) -> int:
        """With an AHN, or the window alone: weights and the cache, or what loading takes, whichever is more."""
        return max(self.loading_bytes, self.weight_bytes + self.costs["ahn"].cache_bytes + self.working_bytes)

    @property
    def fits(self) -> bool | None:
        """Whether weights and cache go into what is free; None where that is not known."""
        return None if self.free_bytes is None else self.needed_bytes <= self.free_bytes


def plan(
    choice: Choice,
    context: int,
    *,
    dtype: str | None = None,
    device: torch.device | None = None,
    window: tuple[int, int] | None = None,
    rates: Mapping[str, float] | None = None,
    freed_bytes: int = 0,
) -> Plan:
    """What `choice` costs at `context` tokens.

    Args:
        dtype: number format of the weights; None: what the app takes to chat.  device: None: the one it takes.
        window: S and W; None: the model's own.
        rates: speeds this machine has measured, as `app.store.Rates` names them.
        freed_bytes: what is given back before the model is loaded: a model that is in memory now.

    Raises ahn_core.LoadError for a number format that the device cannot compute with.
    """
    return plan_of(
        choice.title,
        choice.config,
        choice.ahn_config,
        context,
        dtype=dtype,
        device=device,
        window=window or default_window(choice),
        rates=rates,
        freed_bytes=freed_bytes,
        trained_memory=bool(choice.memory_parameters),
    )


def default_window(choice: Choice) -> tuple[int, int]:
    """S and W the app starts a chat with."""
    from ahn_core.embedded.model import EMBEDDED

    if choice.embedded:
        return EMBEDDED.attention_sinks, EMBEDDED.sliding_window
    return default_window_of(choice.config)


def plan_of(
    title: str,
    config: BackboneConfig,
    ahn_config: AHNConfig,
    context: int,
    *,
    dtype: str | None,
    device: torch.device | None,
    window: tuple[int, int],
    rates: Mapping[str, float] | None = None,
    freed_bytes: int = 0,
    trained_memory: bool = True,
    source: GGUFModel | None = None,
) -> Plan:
    """`plan` for any shape. `source`: the tensors of a GGUF file, whose blocks may be kept as they are."""
    from ahn_core.devices import best_device
    from ahn_core.loading import formats
    from ahn_core.weights.fit import free_bytes

    target = device or best_device().device
    free = free_bytes(target)
    if free is not None:
        free += freed_bytes
    chosen = planned_dtype(target, dtype, config, source, free)
    precision, number = formats(chosen, target)
    weights = _weight_bytes(config, ahn_config, precision, number, source)
    sinks, tokens = window
    capacity = sinks + tokens
    reached, whose = _speeds(rates or {}, title, chosen or str(number).removeprefix("torch."), target.type)
    costs, shares = {}, {}
    full = planner.costs(config, context, capacity=None, cell=None)
    for kind in KINDS:
        limit = None if kind == "full" else capacity
        cell = ahn_config.cell if kind == "ahn" else None
        counted = planner.costs(config, context, capacity=limit, cell=cell)
        cache = planner.cache_nbytes(
            config, ahn_config, kind, attention_sinks=sinks, sliding_window=tokens, tokens=context,
            format_bytes=number.itemsize,
        )  # fmt: skip
        rate = reached.get(kind)
        costs[kind] = Costs(
            cache,
            counted.mixing_flops,
            counted.model_flops,
            _reading_flops(config, context, limit, cell) / rate if rate else None,
        )
        shares[kind] = {
            "cache": counted.cache_bytes / full.cache_bytes,
            "mixing": counted.mixing_flops / full.mixing_flops,
            "model": counted.model_flops / full.model_flops,
        }
    return Plan(
        title=title,
        context=context,
        attention_sinks=sinks,
        sliding_window=tokens,
        trained=config.max_position_embeddings,
        device=target.type,
        dtype=chosen or str(number).removeprefix("torch."),
        parameters=planner.base_parameters(config),
        memory_parameters=planner.memory_parameters(config, ahn_config.cell) if trained_memory else 0,
        weight_bytes=weights,
        working_bytes=working_bytes(config, target),
        loading_bytes=weights + LOADING_BYTES,
        free_bytes=free,
        costs=costs,
        rate_from=whose,
        shares=shares,
    )


@lru_cache(maxsize=256)
def _weight_bytes(
    config: BackboneConfig,
    ahn_config: AHNConfig,
    precision: Precision,
    number: torch.dtype,
    source: GGUFModel | None,
) -> int:
    from ahn_core.weights.fit import foreseen_bytes

    return foreseen_bytes(config, ahn_config, precision, number, source)


def _reading_flops(
    config: BackboneConfig, context: int, capacity: int | None, cell: CellName | None
) -> float:
    """Operations that reading computes: the model's without embedding and head, which only an answer's tokens need."""
    counted = planner.costs(config, context, capacity=capacity, cell=cell)
    return counted.model_flops - 4.0 * config.vocab_size * config.hidden_size * context


def _speeds(
    rates: Mapping[str, float], title: str, dtype: str, device: str
) -> tuple[dict[MemoryKind, float], str]:
    """Operations a second by kind of memory, and whose: this model's own speed where it has read here, else that of
    the largest model that has.
    """
    found: list[tuple[bool, int, Choice, MemoryKind, float]] = []
    for name, tokens_a_second in rates.items():
        for kind in KINDS:
            if not name.endswith(f" {device} {kind}"):
                continue
            measured = _measured_choice(name)
            if measured is not None:
                own = measured.title == title and f" {dtype} " in name
                found.append((own, measured.parameters, measured, kind, tokens_a_second))
    if not found:
        return {}, ""
    own, size, whose, _, _ = max(found, key=lambda entry: (entry[0], entry[1]))
    speeds: dict[MemoryKind, float] = {}
    for is_own, parameters, choice, kind, rate in found:
        if (is_own, parameters) == (own, size):
            speeds[kind] = rate * _flops_a_token(choice, kind)
    # A kind that was not measured is taken to reach the operations a second of one that was.
    for kind in KINDS:
        speeds.setdefault(kind, next(iter(speeds.values())))
    return speeds, whose.title.partition(" + ")[0]


def _flops_a_token(choice: Choice, kind: MemoryKind) -> float:
    """Operations a token while a few thousand are read, which is where speeds are measured."""
    sinks, window = default_window(choice)
    tokens = min(4_096, choice.config.max_position_embeddings)
    capacity = None if kind == "full" else sinks + window
    cell = choice.ahn_config.cell if kind == "ahn" else None
    return _reading_flops(choice.config, tokens, capacity, cell) / tokens


def _measured_choice(rate_name: str) -> Choice | None:
    """The line of the table that a stored speed belongs to, by the model's name at its beginning."""
    for choice in CHOICES:
        name = choice.title.partition(" + ")[0] if choice.base is None else choice.base.reference.repository
        if rate_name.startswith(f"{name} "):
            return choice
    return None


def fit_sentence(planned: Plan) -> str:
    """Whether the model fits, with figures."""
    needed = size_words(planned.needed_bytes)
    if planned.free_bytes is None:
        return f"needs {needed}; this device does not say how much it has free"
    free = size_words(planned.free_bytes)
    if planned.fits:
        return f"fits: needs {needed} of {free} free"
    return f"does not fit: needs {needed}, {free} free"


def suggestion(plans: Mapping[str, Plan]) -> str:
    """The name of the largest model with a memory that fits with room to spare and reads at a bearable speed; the
    embedded one where none does.

    Room to spare: it takes at most two thirds of what is free. Bearable: 100 pages (60,000 tokens) in half an hour, by
    the measured speed; where nothing was measured, only a device other than the CPU is taken to be fast enough.
    """
    best, size = "embedded", 0
    for name, planned in plans.items():
        if not planned.memory_parameters or planned.free_bytes is None or name == "embedded":
            continue
        seconds = planned.costs["ahn"].seconds
        fast = planned.device != "cpu" if seconds is None else seconds * 60_000 / planned.context <= 1_800
        roomy = planned.needed_bytes <= planned.free_bytes * 2 / 3
        if roomy and fast and planned.parameters > size:
            best, size = name, planned.parameters
    return best
