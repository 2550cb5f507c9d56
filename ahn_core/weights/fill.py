"""Bringing stored tensors into a model, some rows at a time and in the number format they end up in.

More than the model itself and a few megabytes is never in memory, whatever the file's format.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..grouped import (
    INNER,
    OUTER,
    TILE,
    GroupedEmbedding,
    GroupedLinear,
    GroupedWeight,
    GroupFormat,
    round_to_groups,
)
from ..quantization import (
    Bfloat16Linear,
    Int8Linear,
    Precision,
    linears_of,
    quantize_rows,
    replace_layer,
)
from .errors import check_names_and_shapes
from .names import pieces_of, stored_shapes
from .source import PackedSource, TensorSource

if TYPE_CHECKING:
    from ..backbone import AHNForCausalLM

_PIECE = 2**20  # values of a tensor that are in memory besides the model
Write = Callable[[int, Tensor], None]  # the first row, and rows


def check_base(model: AHNForCausalLM, source: TensorSource) -> None:
    """That a source holds exactly the tensors of a model's base. Raises LoadError that lists what does not fit."""
    tied = model.config.tie_word_embeddings
    found = {
        name: shape
        for name, shape in source.shapes.items()
        if not name.endswith("rotary_emb.inv_freq")
        and not (name == "lm_head.weight" and tied)
        and ".ahn.fn." not in name
    }
    check_names_and_shapes(stored_shapes(model.config), found, source.description, "the base model")


@torch.no_grad()
def fill_base(
    model: AHNForCausalLM,
    source: TensorSource,
    precision: Precision,
    dtype: torch.dtype,
    device: torch.device,
) -> None:
    """Give a model on the meta device the weights of its base. `source` is checked first.

    With `precision` "int8" or "mixed" the linear layers are replaced by those of quantization.py, on a CPU only; with
    "int4" they and the embedding by those of grouped.py; what is left, and everything otherwise, is in `dtype`.
    """
    check_base(model, source)
    replaced = {f"{name}.weight" for name, _ in linears_of(model, precision)}
    if precision == "int4":
        replaced.add("embed_tokens.weight")
    for name in list(model.state_dict()):
        if (
            ".ahn." in name
            or name in replaced
            or (name == "lm_head.weight" and model.config.tie_word_embeddings)
        ):
            continue
        tensor = torch.empty(model.get_parameter(name).shape, dtype=dtype, device=device)
        _copy_rows(source, name, partial(_put, tensor))
        _assign(model, name, tensor)
    if precision == "int4":
        return _fill_groups(model, source, dtype, device)
    if model.config.tie_word_embeddings:
        model.lm_head.weight = model.embed_tokens.weight
    for name, linear in linears_of(model, precision):
        stored = (
            "embed_tokens.weight"
            if name == "lm_head" and model.config.tie_word_embeddings
            else f"{name}.weight"
        )
        replace_layer(model, name, _converted(source, stored, linear, precision, exact=name == "lm_head"))


def _converted(
    source: TensorSource, name: str, linear: nn.Linear, precision: Precision, *, exact: bool
) -> nn.Module:
    """A layer of 8 bits or bfloat16 in the place of `linear`, whose bias has been filled already."""
    shape = linear.weight.shape
    if precision == "mixed":
        half = torch.empty(shape, dtype=torch.bfloat16)
        _copy_rows(source, name, partial(_put, half))
        return Bfloat16Linear(half, linear.bias)
    weight, scale = torch.empty(shape, dtype=torch.int8), torch.empty(shape[0], dtype=torch.bfloat16)

    def quantize(at: int, rows: Tensor) -> None:
        weight[at : at + len(rows)], scale[at : at + len(rows)] = quantize_rows(rows)

    _copy_rows(source, name, quantize)
    return Int8Linear(weight, scale, linear.bias, exact=exact)


def _fill_groups(
    model: AHNForCausalLM, source: TensorSource, dtype: torch.dtype, device: torch.device
) -> None:
    """Embedding, linear layers and head in groups; the biases have been filled already."""
    planned = group_plan(model, source)
    ((pieces, kept),) = planned["embed_tokens"]
    table = _grouped(source, pieces, kept, device)
    model.embed_tokens = GroupedEmbedding(table, dtype)
    for name, linear in linears_of(model, "int4"):
        parts = [table]
        if name in planned:
            parts = [_grouped(source, *part, device) for part in planned[name]]
        replace_layer(model, name, GroupedLinear(parts, linear.bias, exact=name == "lm_head"))


Parts = list[tuple[tuple[str, ...], GroupFormat]]  # stored tensors, row upon row, and how they are kept


def group_plan(model: AHNForCausalLM, source: TensorSource | None = None) -> dict[str, Parts]:
    """How "int4" keeps the embedding, each linear layer and a head of its own: what a source has in blocks stays as it
    is, all else is rounded. Tensors of one format that follow each other share a part where they are whole tiles.
    """
    shapes = stored_shapes(model.config) if source is None else source.shapes
    names = ["embed_tokens", *(name for name, _ in linears_of(model, "int4"))]
    if model.config.tie_word_embeddings:
        names.remove("lm_head")
    has_blocks = source if isinstance(source, PackedSource) else None
    plan: dict[str, Parts] = {}
    for name in names:
        parts = plan[name] = []
        for piece in pieces_of(f"{name}.weight"):
            rounded = OUTER if name in ("embed_tokens", "lm_head") else INNER
            packed = None if has_blocks is None else has_blocks.group_format(piece)
            kept = packed or rounded
            if parts and parts[-1][1] == kept and shapes[parts[-1][0][-1]][0] % TILE == 0:
                parts[-1] = ((*parts[-1][0], piece), kept)
            else:
                parts.append(((piece,), kept))
    return plan


def _grouped(
    source: TensorSource, pieces: tuple[str, ...], kept: GroupFormat, device: torch.device
) -> GroupedWeight:
    """Stored tensors, row upon row, as one weight in groups; rounded and packed on the device it is for."""
    shapes = [source.shapes[piece] for piece in pieces]
    has_blocks = source if isinstance(source, PackedSource) else None
    made = GroupedWeight(sum(rows for rows, _ in shapes), shapes[0][1], kept, device)
    at = 0
    for piece, (rows, columns) in zip(pieces, shapes, strict=True):
        step = max(1, _PIECE // columns // TILE) * TILE
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            if has_blocks is not None and has_blocks.group_format(piece) == kept:
                made.put(at + start, has_blocks.blocks(piece, start, stop).to(device))
            else:
                made.put(at + start, round_to_groups(source.rows(piece, start, stop).to(device), kept))
        at += rows
    return made


def _put(tensor: Tensor, at: int, rows: Tensor) -> None:
    tensor[at : at + len(rows)].copy_(rows)


def _copy_rows(source: TensorSource, name: str, write: Write) -> None:
    """Hand the rows of our tensor `name` to `write`, piece by piece."""
    at = 0
    for piece in pieces_of(name):
        shape = source.shapes[piece]
        step = max(1, _PIECE // prod(shape[1:]))
        for start in range(0, shape[0], step):
            stop = min(start + step, shape[0])
            write(at + start, source.rows(piece, start, stop))
        at += shape[0]


def _assign(model: nn.Module, name: str, tensor: Tensor) -> None:
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, nn.Parameter(tensor, requires_grad=False))
