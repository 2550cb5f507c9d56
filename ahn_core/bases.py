"""The bases with published memories, and their smaller siblings: shapes, licences, and the checkpoints beside them.

The shapes are those of the published config.json files; they let a model be planned, or built with random weights,
before anything is downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass

from .config import CELL_NAMES, BackboneConfig, CellName

SHORT_NAMES: dict[CellName, str] = {"GatedDeltaNet": "GDN", "DeltaNet": "DN", "Mamba2": "Mamba2"}
_ROPE_THETA = 1_000_000.0
_END_OF_TURN, _END_OF_TEXT = 151_645, 151_643


@dataclass(frozen=True)
class Base:
    """One of Qwen2.5-Instruct's sizes. `published`: whether there are AHNs for it; for the others none was trained."""

    size: str
    licence: str
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    intermediate_size: int
    vocab_size: int
    tie_word_embeddings: bool
    published: bool

    @property
    def repository(self) -> str:
        return f"Qwen/Qwen2.5-{self.size}-Instruct"

    def memory_repository(self, cell: CellName) -> str | None:
        """The hub id of the published memory of this cell; None where there is none."""
        if not self.published:
            return None
        return f"ByteDance-Seed/AHN-{SHORT_NAMES[cell]}-for-Qwen-2.5-Instruct-{self.size}"

    @property
    def config(self) -> BackboneConfig:
        head_dim = self.hidden_size // self.num_attention_heads
        return BackboneConfig(
            model_type="qwen2",
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.num_attention_heads,
            num_key_value_heads=self.num_key_value_heads,
            head_dim=head_dim,
            max_position_embeddings=32_768,
            rms_norm_eps=1e-6,
            qkv_bias=True,
            attention_output_bias=False,
            mlp_bias=False,
            qk_norm=False,
            tie_word_embeddings=self.tie_word_embeddings,
            inverse_frequencies=tuple(_ROPE_THETA ** (-2 * i / head_dim) for i in range(head_dim // 2)),
            rope_attention_scaling=1.0,
            eos_token_ids=(_END_OF_TURN, _END_OF_TEXT),
        )


_RESEARCH = "Qwen Research License"
BASES: dict[str, Base] = {
    base.size: base
    for base in (
        Base("0.5B", "Apache-2.0", 896, 24, 14, 2, 4_864, 151_936, True, False),
        Base("1.5B", "Apache-2.0", 1_536, 28, 12, 2, 8_960, 151_936, True, False),
        Base("3B", _RESEARCH, 2_048, 36, 16, 2, 11_008, 151_936, True, True),
        Base("7B", "Apache-2.0", 3_584, 28, 28, 4, 18_944, 152_064, False, True),
        Base("14B", "Apache-2.0", 5_120, 48, 40, 8, 13_824, 152_064, False, True),
    )
}
MEMORIES: tuple[tuple[Base, CellName], ...] = tuple(
    (base, cell) for base in BASES.values() if base.published for cell in CELL_NAMES
)
