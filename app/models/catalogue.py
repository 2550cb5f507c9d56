"""The models that people are offered: the embedded one, nine published memories with their bases, two small bases.

The table is `CHOICES`. Shapes and sizes of the bases come from `ahn_core.bases`. A revision is the commit of the
repository whose files are used; where none stands here, the first download takes the newest and keeps to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ahn_core.bases import BASES, MEMORIES, SHORT_NAMES, Base
from ahn_core.config import AHNConfig, BackboneConfig, CellName
from ahn_core.embedded.model import EMBEDDED
from ahn_core.planner import base_parameters, memory_parameters
from app.models.reference import Reference

_REVISIONS = {
    "0.5B": "7ae557604adf67be50417f59c2c2f167def9a775",
    "1.5B": "989aa7980e4cf806f80c7fef2b1adb7bc71aa306",
    "3B": "aa8e72537993ba99e69dfaafa59ed015b17504d1",
    "7B": "a09a35458c702b33eeacc393d103063234e8bc28",
    "14B": "cf98f3b3bbb457ad9e2bb7baf9a0125b6b88caa8",
}
_STORED_BYTES = 2  # a parameter: all of them are published in bfloat16
_EMBEDDED_NAME = "embedded"


@dataclass(frozen=True)
class Published:
    """A repository of the hub: its licence, its weights (a tied head counts once) and their bytes on disk."""

    reference: Reference
    licence: str
    parameters: int

    @property
    def nbytes(self) -> int:
        """Of the weights; configuration and tokenizer are some 10 MB more beside a base."""
        return _STORED_BYTES * self.parameters


@dataclass(frozen=True)
class Choice:
    """One line of the table: a base and the memory beside it.

    Args:
        name: what commands call it ("7B-GDN").  title: what people call it.
        base: None for the embedded model, which the core fetches.  memory: None where there is none to fetch.
    """

    name: str
    title: str
    config: BackboneConfig
    ahn_config: AHNConfig
    base: Published | None
    memory: Published | None
    licence: str
    note: str = ""

    @property
    def embedded(self) -> bool:
        return self.base is None

    @property
    def parts(self) -> tuple[Published, ...]:
        """What has to be fetched from the hub for it."""
        return tuple(part for part in (self.base, self.memory) if part is not None)

    @property
    def download_bytes(self) -> int:
        return EMBEDDED.wheel_bytes if self.embedded else sum(part.nbytes for part in self.parts)

    @property
    def parameters(self) -> int:
        """Of the base alone."""
        return base_parameters(self.config)

    @property
    def memory_parameters(self) -> int:
        """What the memory adds; 0 where none was trained for this base."""
        trained = self.embedded or self.memory is not None
        return memory_parameters(self.config, self.ahn_config.cell) if trained else 0


def embedded_config() -> BackboneConfig:
    """The shape of the embedded model, which is known before it is fetched."""
    size = 64
    return BackboneConfig(
        model_type="llama",
        vocab_size=49_152,
        hidden_size=576,
        intermediate_size=1_536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        head_dim=size,
        max_position_embeddings=EMBEDDED.max_position_embeddings,
        rms_norm_eps=1e-5,
        qkv_bias=False,
        attention_output_bias=False,
        mlp_bias=False,
        qk_norm=False,
        tie_word_embeddings=True,
        inverse_frequencies=tuple(100_000.0 ** (-2 * i / size) for i in range(size // 2)),
        rope_attention_scaling=1.0,
        eos_token_ids=(2,),
    )


def _embedded() -> Choice:
    return Choice(
        name=_EMBEDDED_NAME,
        title=f"{EMBEDDED.name} + AHN GatedDeltaNet",
        config=embedded_config(),
        ahn_config=AHNConfig(
            sink_positions=EMBEDDED.sink_positions,
            memory_rope=EMBEDDED.memory_rope,
            memory_window_power=EMBEDDED.memory_window_power,
        ),
        base=None,
        memory=None,
        licence=EMBEDDED.licence,
        note="comes with AHN Chat; nothing has to be chosen",
    )


def _base(base: Base) -> Published:
    reference = Reference(base.repository, _REVISIONS[base.size])
    return Published(reference, base.licence, base_parameters(base.config))


def _with_memory(base: Base, cell: CellName) -> Choice:
    repository = base.memory_repository(cell)
    assert repository is not None, "MEMORIES names published ones only"
    # The memories of the 3B base are under its licence, the others under Apache-2.0 as their bases are.
    memory = Published(Reference(repository), base.licence, memory_parameters(base.config, cell))
    return Choice(
        name=f"{base.size}-{SHORT_NAMES[cell]}",
        title=f"Qwen2.5-{base.size}-Instruct + AHN {cell}",
        config=base.config,
        ahn_config=AHNConfig(cell=cell),
        base=_base(base),
        memory=memory,
        licence=base.licence,
        note="" if base.licence == "Apache-2.0" else "not for commercial use",
    )


def _without_memory(base: Base) -> Choice:
    return Choice(
        name=base.size,
        title=f"Qwen2.5-{base.size}-Instruct",
        config=base.config,
        ahn_config=AHNConfig(),
        base=_base(base),
        memory=None,
        licence=base.licence,
        note="no AHN was published for it: beyond its window it only looks things up",
    )


CHOICES: tuple[Choice, ...] = (
    _embedded(),
    *(_without_memory(base) for base in BASES.values() if not base.published),
    *(_with_memory(base, cell) for base, cell in MEMORIES),
)


@cache
def _by_name() -> dict[str, Choice]:
    return {choice.name.lower(): choice for choice in CHOICES}


def find(name: str) -> Choice | None:
    """The choice of this name, whatever the case of its letters; None where there is none."""
    return _by_name().get(name.lower())


def published(repository: str) -> Published | None:
    """The entry of a repository; None of one that is not in the table."""
    for choice in CHOICES:
        for part in choice.parts:
            if part.reference.repository.lower() == repository.lower():
                return part
    return None


def choice_of(model: str, ahn: str | None) -> Choice | None:
    """The choice that a base and a memory are, named by repositories or by the choice's own name; else None."""
    named = find(model)
    if named is not None and ahn is None:
        return named
    for choice in CHOICES:
        base = choice.base.reference.repository if choice.base is not None else None
        memory = choice.memory.reference.repository if choice.memory is not None else None
        if (base or "").lower() == model.partition("@")[0].lower() and memory == (ahn or "").partition("@")[
            0
        ]:
            return choice
        if base is not None and base.lower() == model.lower() and memory is None and ahn is None:
            return choice
    return None
