"""A model in GGUF, in one file or in parts: its configuration, and its tensors unpacked a few rows at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..config import MODEL_TYPES, BackboneConfig
from ..grouped import Blocks, GroupFormat
from .errors import LoadError, some
from .files import gguf_parts
from .gguf_blocks import FORMATS, take_apart
from .gguf_header import GGUFHeader, StoredTensor, read_header
from .names import from_gguf
from .source import Shape

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_PIECE = 2**20  # values
_FREQUENCY_FACTORS = "rope_freqs.weight"  # Llama 3's scaling of the rotary frequencies, as factors
_UNUSED = ("rope_freqs.weight", "attn_rot_embd.weight")  # no weights, or computed here
_UNSUPPORTED = {  # a key, and the value with which it changes nothing
    "attention.sliding_window": 0,
    "attention.scale": 0.0,
    "attention.logit_softcapping": 0.0,
    "final_logit_softcapping": 0.0,
    "logit_scale": 1.0,
    "residual_scale": 1.0,
    "embedding_scale": 1.0,
    "expert_count": 0,
    "rope.scaling.yarn_ext_factor": 1.0,
    "rope.scaling.yarn_log_multiplier": 0.0,
}


class GGUFModel:
    """The tensors of all parts as a `PackedSource`, with the configuration the first part describes."""

    def __init__(self, parts: Sequence[Path]) -> None:
        """`parts` as `files.gguf_parts` gives them. Raises LoadError where they are no model, or not all of it."""
        headers = [read_header(part) for part in parts]
        self._file, self._meta = parts[0], headers[0].metadata
        _check_parts(headers)
        architecture = self._meta.get("general.architecture")
        if architecture not in MODEL_TYPES:
            raise LoadError(
                f"{self._file} holds a model of architecture '{architecture}', which this program cannot compute, so "
                f"it was not loaded: choose one of {', '.join(MODEL_TYPES)}."
            )
        self._architecture: str = architecture
        self._frequency_factors: StoredTensor | None = None
        self._stored: dict[str, StoredTensor] = {}
        for header in headers:
            for name, tensor in header.tensors.items():
                if name == _FREQUENCY_FACTORS:
                    self._frequency_factors = tensor
                if not name.endswith(_UNUSED):
                    self._stored[from_gguf(name) or name] = tensor
        self.config = self._backbone_config()

    @property
    def description(self) -> str:
        return str(self._file)

    @property
    def shapes(self) -> Mapping[str, Shape]:
        return {name: tensor.shape for name, tensor in self._stored.items()}

    def rows(self, name: str, start: int, stop: int) -> Tensor:
        if not self._interleaved(name):
            return _unpack(self._stored[name], start, stop)
        first, last, order = self._whole_heads(start, stop)
        return _unpack(self._stored[name], first, last)[order]

    @property
    def packed_bits(self) -> float | None:
        """As `packed_bits` says, of this model."""
        return _packed_bits(self._stored.values())

    def group_format(self, name: str) -> GroupFormat | None:
        stored = self._stored[name]
        return FORMATS.get(stored.kind) if len(stored.shape) == 2 else None

    def blocks(self, name: str, start: int, stop: int) -> Blocks:
        stored = self._stored[name]
        if not self._interleaved(name):
            return take_apart(stored.kind, _packed(stored, start, stop))
        first, last, order = self._whole_heads(start, stop)
        return take_apart(stored.kind, _packed(stored, first, last)[order])

    def _interleaved(self, name: str) -> bool:
        """Whether the two halves of what is rotated alternate, as in Llama's files."""
        return self._architecture == "llama" and name.rpartition(".")[0].endswith((".q_proj", ".k_proj"))

    def _whole_heads(self, start: int, stop: int) -> tuple[int, int, Tensor]:
        """The rows that rows start … stop - 1 are among when they have been put in order, and which they are there."""
        size = self.config.head_dim
        first, last = start // size * size, -(-stop // size) * size
        order = torch.arange(last - first).unflatten(0, (-1, size // 2, 2)).transpose(1, 2).flatten()
        return first, last, order[start - first : stop - first]

    # ------------------------------------------------------------------ configuration

    def _backbone_config(self) -> BackboneConfig:
        config = BackboneConfig.from_transformers(self._transformers_config())
        config = replace(
            config,
            qkv_bias="layers.0.self_attn.q_proj.bias" in self._stored or self._architecture == "qwen2",
            attention_output_bias="layers.0.self_attn.o_proj.bias" in self._stored,
            mlp_bias="layers.0.mlp.down_proj.bias" in self._stored,
        )
        if self._frequency_factors is not None:
            factors = _unpack(self._frequency_factors, 0, self._frequency_factors.shape[0]).tolist()
            if len(factors) != len(config.inverse_frequencies):
                raise LoadError(
                    f"{self._file} has {len(factors)} rotary factors for {len(config.inverse_frequencies)} "
                    "frequencies, so positions would be wrong and nothing was loaded: get the model again."
                )
            scaled = (f / factor for f, factor in zip(config.inverse_frequencies, factors, strict=True))
            config = replace(config, inverse_frequencies=tuple(scaled))
        return config

    def _transformers_config(self) -> PretrainedConfig:
        from transformers import AutoConfig

        for key, harmless in _UNSUPPORTED.items():
            if self._has(key) and self._number(key) != harmless:
                raise LoadError(
                    f"{self._file} sets {self._architecture}.{key} to {self._number(key)}, which this program cannot "
                    "compute, so nothing was loaded: choose another model."
                )
        if "embed_tokens.weight" not in self._stored:
            raise LoadError(
                f"{self._file} lacks token_embd.weight, so it holds no whole model and nothing was loaded: give the "
                "file of a whole model, or the first of its parts."
            )
        hidden, heads = int(self._number("embedding_length")), int(self._number("attention.head_count"))
        size = int(self._number("attention.key_length", hidden // heads))
        for key in ("attention.value_length", "rope.dimension_count"):
            if (other := int(self._number(key, size))) != size:
                raise LoadError(
                    f"{self._file} sets {self._architecture}.{key} to {other} beside heads of {size}, which this "
                    "program cannot compute, so nothing was loaded: choose another model."
                )
        return AutoConfig.for_model(
            self._architecture,
            vocab_size=self._stored["embed_tokens.weight"].shape[0],
            hidden_size=hidden,
            intermediate_size=int(self._number("feed_forward_length")),
            num_hidden_layers=int(self._number("block_count")),
            num_attention_heads=heads,
            num_key_value_heads=int(self._number("attention.head_count_kv", heads)),
            head_dim=size,
            max_position_embeddings=int(self._number("context_length")),
            rms_norm_eps=float(self._number("attention.layer_norm_rms_epsilon")),
            rope_parameters=self._rope(),
            tie_word_embeddings="lm_head.weight" not in self._stored,
            eos_token_id=self._ends(),
        )

    def _rope(self) -> dict[str, Any]:
        """transformers' description of the rotary embedding. Raises LoadError for a scaling it has no word for."""
        rope: dict[str, Any] = {
            "rope_type": "default",
            "rope_theta": float(self._number("rope.freq_base", 10_000.0)),
        }
        kind = self._meta.get(f"{self._architecture}.rope.scaling.type", "none")
        factor = float(self._number("rope.scaling.factor", self._number("rope.scale_linear", 1.0)))
        if kind == "none" and factor != 1.0 and self._has("rope.scale_linear"):
            kind = "linear"  # as files of 2023 say it
        if kind == "none":
            return rope
        if kind not in ("linear", "yarn"):
            raise LoadError(
                f"{self._file} scales its rotary embedding by '{kind}', which this program cannot compute, so nothing "
                "was loaded: choose a model with yarn, linear or no scaling."
            )
        rope |= {"rope_type": kind, "factor": factor}
        if kind == "yarn":
            trained = int(
                self._number("rope.scaling.original_context_length", self._number("context_length"))
            )
            rope["original_max_position_embeddings"] = trained
            for theirs, ours in (("yarn_beta_fast", "beta_fast"), ("yarn_beta_slow", "beta_slow")):
                if self._has(f"rope.scaling.{theirs}"):
                    rope[ours] = float(self._number(f"rope.scaling.{theirs}"))
            share = float(
                self._number("rope.scaling.yarn_attn_factor", self._number("rope.scaling.attn_factor", 1.0))
            )
            if share != 1.0:  # ggml multiplies by it what YaRN prescribes; transformers takes the product
                rope["attention_factor"] = share * (0.1 * math.log(factor) + 1.0)
        return rope

    def _ends(self) -> list[int]:
        keys = ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id")
        return list(dict.fromkeys(int(self._meta[key]) for key in keys if key in self._meta))

    def _has(self, key: str) -> bool:
        return f"{self._architecture}.{key}" in self._meta

    def _number(self, key: str, default: float | None = None) -> float:
        """A number of the model's own keys. Raises LoadError where it is missing, or differs from layer to layer."""
        value = self._meta.get(f"{self._architecture}.{key}", default)
        if isinstance(value, list) and len(set(value)) == 1:
            value = value[0]
        if not isinstance(value, (int, float)):
            raise LoadError(
                f"{self._file} has no number {self._architecture}.{key} for all layers ({value!r}), so the model "
                "cannot be built: choose another file."
            )
        return value


def packed_bits(base: str | os.PathLike[str], gguf_file: str | None = None) -> float | None:
    """Bits a weight of a GGUF file on this machine takes in "int4", the mean of the blocks that are kept as they are;
    None where those are less than half of the model, or there is no such file.

    Raises LoadError where a part is missing or damaged.
    """
    path = Path(base).expanduser() if gguf_file is None else Path(base).expanduser() / gguf_file
    if path.suffix.lower() != ".gguf" or not path.is_file():
        return None
    return _packed_bits(tensor for part in gguf_parts(path) for tensor in read_header(part).tensors.values())


def _packed_bits(tensors: Iterable[StoredTensor]) -> float | None:
    matrices = [tensor for tensor in tensors if len(tensor.shape) == 2]
    kept = [(math.prod(tensor.shape), FORMATS[tensor.kind]) for tensor in matrices if tensor.kind in FORMATS]
    weights = sum(count for count, _ in kept)
    if 2 * weights < sum(math.prod(tensor.shape) for tensor in matrices) or not weights:
        return None
    return sum(count * form.record * 8 / (16 * 32) for count, form in kept) / weights


def _check_parts(headers: Sequence[GGUFHeader]) -> None:
    """That these are all parts of one model, in order, with every tensor once. Raises LoadError."""
    first = headers[0]
    count = int(first.metadata.get("split.count", 0)) or 1
    number = int(first.metadata.get("split.no", 0))
    if count != len(headers) or number != 0:
        raise LoadError(
            f"{first.file} says that it is part {number + 1} of {count}, but {len(headers)} "
            f"{'file belongs' if len(headers) == 1 else 'files belong'} to it by name, so the model is incomplete: "
            "put all parts into one folder under their own names, as model-00001-of-00002.gguf."
        )
    for index, header in enumerate(headers):
        said = (
            int(header.metadata.get("split.no", 0)),
            int(header.metadata.get("split.count", 0)) or 1,
        )
        if said != (index, count):
            raise LoadError(
                f"{header.file} says that it is part {said[0] + 1} of {said[1]} and stands where part {index + 1} of "
                f"{count} belongs, so the parts are not of one model: download them again."
            )
    names = [name for header in headers for name in header.tensors]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    wanted = int(first.metadata.get("split.tensors.count", len(names)))
    if twice or len(names) != wanted:
        problem = f"{some(twice)} twice" if twice else f"{len(names)} tensors instead of {wanted}"
        raise LoadError(
            f"the parts of {first.file} hold {problem}, so they are not the parts of one model: download them again."
        )


def _packed(stored: StoredTensor, start: int, stop: int) -> Tensor:
    """Rows of a tensor as they lie in the file: uint8 [rows, blocks, bytes of a block]. Raises LoadError."""
    import numpy as np

    values, size = stored.block
    blocks = math.prod(stored.shape[1:]) // values
    count = (stop - start) * blocks * size
    with stored.file.open("rb") as file:
        file.seek(stored.start + start * blocks * size)
        found = np.fromfile(file, dtype=np.uint8, count=count)
    if len(found) != count:
        raise LoadError(
            f"{stored.file} ended while it was read, so the model was not loaded: download it again."
        )
    return torch.from_numpy(found).view(stop - start, blocks, size)


def _unpack(stored: StoredTensor, start: int, stop: int) -> Tensor:
    """Rows of a tensor as float32, whatever blocks they are stored in."""
    from gguf.quants import dequantize

    if len(stored.shape) == 1:
        whole = replace(stored, shape=(1, *stored.shape))
        return _unpack(whole, 0, 1)[0, start:stop]
    columns = math.prod(stored.shape[1:])
    out = torch.empty(stop - start, columns)
    step = max(1, _PIECE // columns)
    for at in range(0, len(out), step):
        count = min(step, len(out) - at)
        packed = _packed(stored, start + at, start + at + count)
        try:
            # One long row: the package would else go sixteen rows at a time.
            plain = dequantize(packed.numpy().reshape(1, -1), _kind(stored))
        except NotImplementedError as error:  # what the package gguf raises for a type it does not know
            raise LoadError(
                f"{stored.file} has tensors of type {_kind(stored).name}, which this program cannot unpack: get "
                "the model in another quantization, as Q4_K_M or Q8_0."
            ) from error
        out[at : at + count] = torch.from_numpy(plain).view(count, columns)
    return out.view(-1, *stored.shape[1:])


def _kind(stored: StoredTensor) -> Any:
    from gguf import GGMLQuantizationType

    return GGMLQuantizationType(stored.kind)
