"""What a model is made of: the frozen backbone and the memory beside it, as plain dataclasses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PretrainedConfig

CellName = Literal["GatedDeltaNet", "DeltaNet", "Mamba2"]
SinkPositions = Literal["absolute", "capped"]

CELL_NAMES: tuple[CellName, ...] = ("GatedDeltaNet", "DeltaNet", "Mamba2")
MODEL_TYPES = ("qwen2", "qwen3", "llama")
# Rotary frequencies that do not depend on the length of the sequence: the others would turn the keys already
# stored.
ROPE_TYPES = ("default", "linear", "llama3", "yarn")
_SCALE_ONE_AT = 512  # S + W beside which the memory has its own size whatever `memory_window_power` is


class ConfigError(ValueError):
    """A configuration this program cannot compute; the message is one sentence for the user."""


@dataclass(frozen=True)
class BackboneConfig:
    """One decoder-only transformer with switches for the Qwen2/2.5, Qwen3 and Llama families.

    `inverse_frequencies` has head_dim / 2 entries in radians a position; `rope_attention_scaling` multiplies
    cosine and sine (1.0 except for YaRN). `max_position_embeddings` is the length the base was trained for,
    in tokens. Sizes are numbers of elements; the switches say which biases and norms there are. `eos_token_ids` end
    an answer. Read from a base by `from_transformers`; nothing has a default, so that nothing is guessed.

    Raises ConfigError for numbers that do not fit together.
    """

    model_type: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rms_norm_eps: float
    qkv_bias: bool
    attention_output_bias: bool
    mlp_bias: bool
    qk_norm: bool
    tie_word_embeddings: bool
    inverse_frequencies: tuple[float, ...]
    rope_attention_scaling: float
    eos_token_ids: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.num_attention_heads % self.num_key_value_heads:
            raise ConfigError(
                f"{self.num_attention_heads} query heads cannot share {self.num_key_value_heads} key-value "
                "heads evenly, "
                "so grouped-query attention is undefined: check num_key_value_heads in config.json."
            )

    @property
    def queries_per_kv_head(self) -> int:
        """How many query heads share one head of keys and values."""
        return self.num_attention_heads // self.num_key_value_heads

    @classmethod
    def from_transformers(cls, config: PretrainedConfig) -> BackboneConfig:
        """Read the switches off a transformers configuration.

        Raises:
            ConfigError: for a model type, activation, rotary type or attention pattern that is not supported.
        """
        model_type = config.model_type
        if model_type not in MODEL_TYPES:
            raise ConfigError(
                f"model type '{model_type}' is not supported, so its weights would be misread: "
                f"choose a model of type {', '.join(MODEL_TYPES)}."
            )
        if config.hidden_act != "silu":
            raise ConfigError(
                f"activation '{config.hidden_act}' is not supported and would give wrong numbers: only "
                "'silu' is."
            )
        # With the switch on, only layers from `max_window_layers` on have a window; in most files there are none.
        layer_types = getattr(config, "layer_types", None)
        if getattr(config, "use_sliding_window", False) and set(layer_types or ()) != {"full_attention"}:
            raise ConfigError(
                "this base was trained with its own sliding window (use_sliding_window is true), "
                "so full attention would not be the base model: choose a base without one."
            )
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        frequencies, scaling = _rope_frequencies(config, head_dim)
        attention_bias = bool(getattr(config, "attention_bias", False))
        return cls(
            model_type=model_type,
            vocab_size=config.vocab_size,
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_hidden_layers=config.num_hidden_layers,
            num_attention_heads=config.num_attention_heads,
            num_key_value_heads=config.num_key_value_heads or config.num_attention_heads,
            head_dim=head_dim,
            max_position_embeddings=_trained_length(config),
            rms_norm_eps=config.rms_norm_eps,
            # Qwen2 has these biases whatever its config says; the other families have the switch.
            qkv_bias=model_type == "qwen2" or attention_bias,
            attention_output_bias=model_type != "qwen2" and attention_bias,
            mlp_bias=bool(getattr(config, "mlp_bias", False)),
            qk_norm=model_type == "qwen3",
            tie_word_embeddings=bool(config.tie_word_embeddings),
            inverse_frequencies=frequencies,
            rope_attention_scaling=scaling,
            eos_token_ids=_as_ids(config.eos_token_id),
        )


def _rope_frequencies(config: PretrainedConfig, head_dim: int) -> tuple[tuple[float, ...], float]:
    import torch
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    parameters = config.rope_parameters
    rope_type = parameters["rope_type"]
    if rope_type not in ROPE_TYPES:
        raise ConfigError(
            f"rotary type '{rope_type}' is not supported, because it changes with the length of the text "
            "and the stored "
            f"keys would no longer fit: choose a model with one of {', '.join(ROPE_TYPES)}."
        )
    if rope_type == "default":
        exponents = torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim
        frequencies, scaling = 1.0 / parameters["rope_theta"] ** exponents, 1.0
    else:
        frequencies, scaling = ROPE_INIT_FUNCTIONS[rope_type](config, device=torch.device("cpu"))
    if len(frequencies) * 2 != head_dim:
        raise ConfigError(
            f"{len(frequencies) * 2} of {head_dim} head dimensions are rotated, and partial rotation is "
            "not supported: "
            "choose a model that rotates whole heads."
        )
    return tuple(frequencies.tolist()), float(scaling)


def _trained_length(config: PretrainedConfig) -> int:
    """Positions full attention is good for: as trained, or as far as the rotary scaling stretches it."""
    parameters = config.rope_parameters
    length = int(config.max_position_embeddings)
    if parameters["rope_type"] in ("yarn", "llama3"):
        original = parameters.get("original_max_position_embeddings") or length
        return max(length, int(original * parameters["factor"]))
    if parameters["rope_type"] == "linear":
        return max(length, int(length * parameters["factor"]))
    return length


def _as_ids(value: int | list[int] | None) -> tuple[int, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, int) else tuple(value)


@dataclass(frozen=True)
class AHNConfig:
    """How the memory beside the backbone works.

    `sink_positions`: `absolute` leaves sinks where they are; `capped` reads them as if they stood right
    before the window, so that their distance to the query stays bounded. `memory_rope`: whether the cell
    reads rotated queries and keys. `memory_window_power`: what the memory adds is multiplied by
    (512 / (S + W)) to this power, because a wider window leaves less for it to add; 0 is the published form.
    `training` is whatever the trainer noted (window sizes, data, steps); it is never used to choose S or W.

    Raises ConfigError for an unknown cell or place, or a power outside of 0 … 2.
    """

    cell: CellName = "GatedDeltaNet"
    sink_positions: SinkPositions = "absolute"
    memory_rope: bool = True
    memory_window_power: float = 0.0
    training: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if self.cell not in CELL_NAMES:
            raise ConfigError(
                f"memory cell '{self.cell}' is unknown, so its tensors cannot be read: use "
                f"{', '.join(CELL_NAMES)}."
            )
        if self.sink_positions not in ("absolute", "capped"):
            raise ConfigError(
                f"sink_positions '{self.sink_positions}' is unknown, so sinks have no place: use absolute "
                "or capped."
            )
        power = self.memory_window_power
        if isinstance(power, bool) or not isinstance(power, (int, float)) or not 0 <= power <= 2:
            raise ConfigError(
                f"memory_window_power is {power!r}, so what the memory adds has no size: use a number from 0 to 2."
            )

    def memory_scale(self, capacity: int) -> float:
        """What the memory's output is multiplied by beside `capacity` = S + W tokens kept word for word."""
        return float((_SCALE_ONE_AT / capacity) ** self.memory_window_power)

    @classmethod
    def from_json(cls, path: Path) -> AHNConfig:
        """Read `config.json` of an AHN-only checkpoint (published or saved by `AHNForCausalLM.save_ahn`).

        The `sliding_window` in it is the training window and is left alone: S and W are chosen at run time.

        Raises:
            ConfigError: when a key is missing or asks for something that no published checkpoint has.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigError(
                f"{path} is not valid JSON ({error}), so the AHN checkpoint cannot be read."
            ) from error
        if "_ahn_implementation" not in values:
            raise ConfigError(
                f"{path} has no key '_ahn_implementation', so it is no AHN checkpoint: "
                "point --ahn at a folder with an AHN's config.json and model.safetensors."
            )
        unsupported = {"use_q_proj": True, "use_ahn_router": True, "use_normalized_l2": False}
        for key, value in unsupported.items():
            if values.get(key, not value) == value:
                raise ConfigError(
                    f"{path} sets {key} to {value}, which no published AHN uses and this one cannot compute."
                )
        if values.get("fa_layer_ids"):
            raise ConfigError(
                f"{path} keeps full attention in layers {values['fa_layer_ids']}, whose memory would grow "
                "with the document: "
                "choose a checkpoint with empty fa_layer_ids."
            )
        return cls(
            cell=values["_ahn_implementation"],
            sink_positions=values.get("sink_positions", "absolute"),
            memory_rope=values.get("memory_rope", True),
            memory_window_power=values.get("memory_window_power", 0.0),
            training=tuple(sorted(values.get("ahn_training", {}).items())),
        )

    def to_json(self) -> dict[str, Any]:
        """Keys of `config.json` that describe the memory, in the published spelling."""
        return {
            "_ahn_implementation": self.cell,
            "fa_layer_ids": "",
            "use_q_proj": False,
            "use_ahn_router": False,
            "use_normalized_l2": True,
            "sink_positions": self.sink_positions,
            "memory_rope": self.memory_rope,
            "memory_window_power": self.memory_window_power,
            "ahn_training": dict(self.training),
        }
