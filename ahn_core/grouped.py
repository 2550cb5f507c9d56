"""Weights of 4 bits, or 5, 6 and 8, whose neighbours share a scale: the base of a model where memory is short.

Each row is cut into groups of 32 (with 6 bits 16) columns. A weight is `scale * q + smallest` ("affine", 4 and 5 bits)
or `scale * (q - 2^(bits - 1))`, with whole numbers q and scale and smallest value of a group in float16. That is what
the blocks of GGUF's Q4_0, Q4_1, Q5_0, Q5_1 and Q8_0 are, and those of Q4_K, Q5_K and Q6_K with their scales multiplied
out, so they are kept as they are in another order; other weights are rounded to 4 bits.

They are packed as native/grouped.h says, whose kernels compute with them on a CPU, as ops/packed.py's do on an NVIDIA
GPU; this is the plain form, for every device, and slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .quantization import linears_of, multiplies_bfloat16, replace_layer

if TYPE_CHECKING:
    from .backbone import AHNForCausalLM

TILE = 16  # rows that are packed together
_COLUMNS = 32  # columns of a record
# Up to this many tokens a kernel multiplies each by the packed weights; more of them share the unpacking.
FEW_TOKENS = 8
_UNPACKED_BYTES = {"cpu": 2**26, "cuda": 2**28}  # of a weight that are unpacked at once
_UNPACKED_VALUES = 2**24  # by the plain form, which needs some thirty bytes beside each


@dataclass(frozen=True)
class GroupFormat:
    """One of the ways to keep a weight: 4 or 5 bits with or without a smallest value, 6 or 8 without."""

    bits: Literal[4, 5, 6, 8]
    affine: bool = False

    def __post_init__(self) -> None:
        if self.bits not in (4, 5, 6, 8) or (self.affine and self.bits > 5):
            raise ValueError(
                f"there is no format of {self.bits} bits{' with a smallest value' * self.affine}"
            )

    @property
    def group(self) -> int:
        """Columns that share a scale."""
        return 16 if self.bits == 6 else 32

    @property
    def offset(self) -> int:
        """What a q of zero stands for, in scales below zero."""
        return 0 if self.affine else 2 ** (self.bits - 1)

    @property
    def record(self) -> int:
        """Bytes of 16 rows of 32 columns."""
        return 64 * self.bits + 2 * TILE * (_COLUMNS // self.group) * (1 + self.affine)

    def nbytes(self, rows: int, columns: int) -> int:
        """Bytes of a weight [rows, columns]: both are filled up with zeros to whole records."""
        return -(-rows // TILE) * -(-columns // _COLUMNS) * self.record


class Blocks(NamedTuple):
    """Rows of a weight as whole numbers and scales: q uint8 [R, C], scale and smallest float16 [R, C / group]."""

    q: Tensor
    scale: Tensor
    smallest: Tensor | None = None

    def to(self, device: torch.device) -> Blocks:
        """The same there."""
        smallest = None if self.smallest is None else self.smallest.to(device)
        return Blocks(self.q.to(device), self.scale.to(device), smallest)


class Kernels(Protocol):
    """What computes with packed weights faster than torch: native/decoder.py and ops/packed.py."""

    def multiply(self, weight: GroupedWeight, x: Tensor) -> Tensor:
        """x [T, columns], a few of them -> [T, rows] in x's dtype, with activations of 16 bits or more."""

    def unpack(self, weight: GroupedWeight, first: int, last: int, dtype: torch.dtype) -> Tensor:
        """Rows first … last - 1 in float32 or bfloat16, on a GPU also float16: [last - first, columns]."""

    def rows(self, weight: GroupedWeight, ids: Tensor) -> Tensor:
        """Rows `ids` [T] int64 in float32: [T, columns]."""


class PlainKernels:
    """The plain form. Nothing in it comes from the host or is looked at there, so a CUDA graph can hold it."""

    def multiply(self, weight: GroupedWeight, x: Tensor) -> Tensor:
        return weight.multiplied_in_pieces(x, x.dtype)

    def unpack(self, weight: GroupedWeight, first: int, last: int, dtype: torch.dtype) -> Tensor:
        tiles = weight.packed[first // TILE : -(-last // TILE)]
        step = max(1, _UNPACKED_VALUES // (TILE * weight.columns))
        pieces = [unpack(piece, weight.format).to(dtype) for piece in tiles.split(step)]
        rows = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
        return rows[first % TILE :][: last - first, : weight.columns]

    def rows(self, weight: GroupedWeight, ids: Tensor) -> Tensor:
        tiles = unpack(weight.packed[ids // TILE], weight.format).unflatten(0, (-1, TILE))
        return tiles[torch.arange(len(ids), device=ids.device), ids % TILE, : weight.columns]


PLAIN = PlainKernels()


class GroupedWeight(nn.Module):
    """A matrix [rows, columns] in one format."""

    packed: Tensor  # uint8 [tiles, groups, record]
    kernels: Kernels = PLAIN

    def __init__(
        self, rows: int, columns: int, kept: GroupFormat, device: torch.device | str | None = None
    ) -> None:
        """All zeros of scale zero until `put`."""
        super().__init__()
        self.rows, self.columns, self.format = rows, columns, kept
        shape = (-(-rows // TILE), -(-columns // _COLUMNS), kept.record)
        self.register_buffer("packed", torch.zeros(shape, dtype=torch.uint8, device=device))

    @classmethod
    def of(cls, weight: Tensor, kept: GroupFormat) -> GroupedWeight:
        """[rows, columns] of any floating-point format, rounded."""
        rows, columns = weight.shape
        made = cls(rows, columns, kept, weight.device)
        made.put(0, round_to_groups(weight, kept))
        return made

    def put(self, first: int, blocks: Blocks) -> None:
        """Pack rows from `first` on, a multiple of 16; their number is one too, unless they are the last."""
        rows = blocks.q.shape[0]
        assert first % TILE == 0 and (rows % TILE == 0 or first + rows == self.rows)
        packed = pack(blocks, self.format)
        self.packed[first // TILE : first // TILE + len(packed)] = packed

    def product(self, x: Tensor, *, exact: bool = False) -> Tensor:
        """x W^T: [T, columns] -> [T, rows] in x's dtype. On a CPU many tokens are multiplied in bfloat16 where the
        processor can, unless `exact`; elsewhere always in x's dtype.
        """
        if (
            not isinstance(self.kernels, PlainKernels)
            and len(x) <= FEW_TOKENS
            and not (x.requires_grad and torch.is_grad_enabled())
        ):
            return self.kernels.multiply(self, x)
        if x.device.type != "cpu":
            return self.multiplied_in_pieces(x, x.dtype)
        return self.multiplied_in_pieces(
            x, torch.bfloat16 if multiplies_bfloat16() and not exact else torch.float32
        )

    def multiplied_in_pieces(self, x: Tensor, number: torch.dtype) -> Tensor:
        """`product` with some rows of the weight unpacked at a time, in the format `number`."""
        most = _UNPACKED_BYTES.get(x.device.type, _UNPACKED_BYTES["cpu"])
        step = max(1, most // (self.columns * number.itemsize) // TILE) * TILE
        narrow = x.to(number)
        products = [
            F.linear(narrow, self.unpacked(first, min(first + step, self.rows), number))
            for first in range(0, self.rows, step)
        ]
        return (products[0] if len(products) == 1 else torch.cat(products, dim=1)).to(x.dtype)

    def unpacked(self, first: int, last: int, dtype: torch.dtype) -> Tensor:
        """Rows first … last - 1 as they are meant, [last - first, columns] in float32 or bfloat16."""
        return self.kernels.unpack(self, first, last, dtype)

    def selected(self, ids: Tensor) -> Tensor:
        """Rows `ids` [T] in float32: [T, columns]."""
        return self.kernels.rows(self, ids)

    def dequantized(self) -> Tensor:
        """The weight that is meant, [rows, columns] float32."""
        return self.unpacked(0, self.rows, torch.float32)

    def extra_repr(self) -> str:
        kind = f"bits={self.format.bits}, affine={self.format.affine}"
        return f"rows={self.rows}, columns={self.columns}, {kind}"


class GroupedLinear(nn.Module):
    """`x W^T + b`, W in one or several parts, row upon row, each in a format of its own."""

    def __init__(
        self, parts: Sequence[GroupedWeight], bias: nn.Parameter | None, *, exact: bool = False
    ) -> None:
        """`exact` forbids bfloat16 for many tokens, whose results are rounded to 8 bits of precision."""
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.bias = bias
        self._exact = exact

    @property
    def weights(self) -> list[GroupedWeight]:
        return [part for part in self.parts if isinstance(part, GroupedWeight)]

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)."""
        return sum(part.rows for part in self.weights), self.weights[0].columns

    def forward(self, x: Tensor) -> Tensor:
        """[T, in] -> [T, out] in x's dtype."""
        y = self.multiplied(x)
        return y if self.bias is None else y + self.bias

    def multiplied(self, x: Tensor) -> Tensor:
        """The same without the bias."""
        products = [part.product(x, exact=self._exact) for part in self.weights]
        return products[0] if len(products) == 1 else torch.cat(products, dim=-1)

    def dequantized(self) -> Tensor:
        """The weight that is meant, [out, in] float32."""
        return torch.cat([part.dequantized() for part in self.weights])


class GroupedEmbedding(nn.Module):
    """Rows of a table by their numbers; a head tied to it holds the same `GroupedWeight`."""

    _like: Tensor  # [0]: its number format is that of the rows, and changes with the model's

    def __init__(self, table: GroupedWeight, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.table = table
        like = torch.empty(0, dtype=dtype, device=table.packed.device)
        self.register_buffer("_like", like, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """[…] int64 -> […, columns] in the model's number format."""
        return self.table.selected(ids.flatten()).unflatten(0, ids.shape).to(self._like.dtype)

    @property
    def weight(self) -> Tensor:
        """The table that is meant, [rows, columns] float32, made anew each time."""
        return self.table.dequantized()


# What weights without a format of their own are rounded to: those between the layers, and embedding and head, which
# every token goes through.
INNER, OUTER = GroupFormat(4, affine=True), GroupFormat(8)


@torch.no_grad()
def group_(model: AHNForCausalLM) -> None:
    """Turn the base's linear layers into 4 bits, its embedding and head into 8, in place. All else stays exact."""
    table = GroupedWeight.of(model.embed_tokens.weight, OUTER)
    for name, linear in linears_of(model, "int4"):
        head = name == "lm_head"
        tied = head and model.config.tie_word_embeddings
        weight = table if tied else GroupedWeight.of(linear.weight, OUTER if head else INNER)
        replace_layer(model, name, GroupedLinear([weight], linear.bias, exact=head))
    model.embed_tokens = GroupedEmbedding(table, model.dtype)


def use_kernels(model: nn.Module, kernels: Kernels) -> None:
    """Let `kernels` compute with every packed weight of a model."""
    for module in model.modules():
        if isinstance(module, GroupedWeight):
            module.kernels = kernels


# ------------------------------------------------------------------ packing


def pack(blocks: Blocks, kept: GroupFormat) -> Tensor:
    """Rows as records: uint8 [tiles, groups, record], filled up with zeros of scale zero."""
    rows, columns = blocks.q.shape
    tiles, groups = -(-rows // TILE), -(-columns // _COLUMNS)
    per_record = _COLUMNS // kept.group
    q = F.pad(blocks.q, (0, groups * _COLUMNS - columns, 0, tiles * TILE - rows))
    # [tiles, groups, slices, rows, columns of a slice]
    slices = _reordered(q.view(tiles, TILE, groups, 8, 4)).permute(0, 2, 3, 1, 4).flatten(3)
    if kept.bits == 8:
        parts = [slices.flatten(2)]
    else:
        low = slices & 15
        parts = [(low[:, :, :4] | (low[:, :, 4:] << 4)).flatten(2)]
        places = (2 ** torch.arange(8, dtype=torch.int32, device=q.device)).to(torch.uint8)
        for bit in range(4, kept.bits):
            plane = (slices >> bit) & 1
            parts.append((plane.unflatten(3, (8, 8)) * places).sum(-1, dtype=torch.uint8).flatten(2))
    for scales in (blocks.scale, blocks.smallest):
        if scales is None:
            continue
        scales = F.pad(scales, (0, groups * per_record - scales.shape[1], 0, tiles * TILE - rows))
        by_record = scales.view(tiles, TILE, groups, per_record).permute(0, 2, 3, 1).contiguous()
        parts.append(by_record.view(torch.uint8).flatten(2))
    return torch.cat(parts, dim=2)


def unpack(packed: Tensor, kept: GroupFormat) -> Tensor:
    """Records as the rows that are meant: uint8 [tiles, groups, record] -> float32 [tiles * 16, groups * 32]."""
    tiles, groups, _ = packed.shape
    per_record, whole = _COLUMNS // kept.group, 64 * kept.bits
    if kept.bits == 8:
        slices = packed[..., :whole].view(tiles, groups, 8, TILE, 4)
    else:
        both = packed[..., :256].unflatten(2, (4, 64))
        slices = torch.cat((both & 15, both >> 4), dim=2)
        for bit in range(4, kept.bits):
            plane = packed[..., 64 * bit : 64 * (bit + 1)].unflatten(2, (8, 8))
            places = torch.arange(8, dtype=torch.uint8, device=packed.device)
            set_bits = (plane[..., None] >> places) & 1
            slices = slices | (set_bits.flatten(3) << bit)
        slices = slices.unflatten(3, (TILE, 4))
    q = _reordered(slices).permute(0, 3, 1, 2, 4).reshape(tiles, TILE, groups * per_record, kept.group)
    count = 2 * TILE * per_record

    def scales(at: int) -> Tensor:
        found = packed[..., at : at + count].contiguous().view(torch.float16)
        return found.view(tiles, groups, per_record, TILE).permute(0, 3, 1, 2).flatten(2).float()[..., None]

    values = (q.float() - kept.offset) * scales(whole)
    if kept.affine:
        values += scales(whole + count)
    return values.flatten(2).flatten(0, 1)


def _reordered(columns: Tensor) -> Tensor:
    """Four columns [..., 4] in the order 0, 2, 1, 3 of a record, or from it: it is its own inverse."""
    return columns.unflatten(-1, (2, 2)).mT.flatten(-2)


# ------------------------------------------------------------------ rounding

# How often scale and smallest value are fitted to the whole numbers, and those to them: from then on little is gained.
_FITS = 2


def round_to_groups(weight: Tensor, kept: GroupFormat) -> Blocks:
    """[R, C] -> near to the best that a format has: the range of each group, fitted, where that has a smaller squared
    error. Blocks of GGUF that have been unpacked become the same blocks again.
    """
    rows, columns = weight.shape
    groups = -(-columns // kept.group)
    # What fills up the last group repeats a value, so that it does not change the group's range.
    more = weight[:, -1:].expand(-1, groups * kept.group - columns)
    values = torch.cat((weight, more), dim=1).float().view(rows, groups, kept.group)
    scale, least = _range(values, kept)
    q = _rounded(values, scale, least, kept)
    if kept.bits < 8:
        error = _error(values, q, scale, least)
        for _ in range(_FITS):
            fitted = _fitted(values, q, kept)
            fitted_q = _rounded(values, *fitted, kept)
            fitted_error = _error(values, fitted_q, *fitted)
            better = fitted_error < error
            error = torch.where(better, fitted_error, error)
            q = torch.where(better, fitted_q, q)
            scale, least = (
                torch.where(better, new, old) for new, old in zip(fitted, (scale, least), strict=True)
            )
    whole = q.to(torch.uint8).view(rows, -1)[:, :columns]
    return Blocks(whole, scale[..., 0].half(), least[..., 0].half() if kept.affine else None)


def _range(values: Tensor, kept: GroupFormat) -> tuple[Tensor, Tensor]:
    """Scale and smallest value, rounded to float16, with which each group's range is covered."""
    low, high = values.amin(-1, keepdim=True), values.amax(-1, keepdim=True)
    if kept.affine:
        return _half((high - low) / (2**kept.bits - 1)), _half(low)
    # The value that is furthest from zero is -2^(bits - 1), of which there is one more than above zero.
    scale = _half(torch.where(high > -low, high, low) / -kept.offset)
    return scale, -kept.offset * scale


def _fitted(values: Tensor, q: Tensor, kept: GroupFormat) -> tuple[Tensor, Tensor]:
    """Scale and smallest value with the least squared error for these whole numbers."""
    middle = q.mean(-1, keepdim=True) if kept.affine else torch.full_like(q[..., :1], kept.offset)
    apart = q - middle
    scale = _half(_share((values * apart).sum(-1, keepdim=True), apart.square().sum(-1, keepdim=True)))
    if kept.affine:
        return scale, _half(values.mean(-1, keepdim=True) - scale * middle)
    return scale, -kept.offset * scale


def _rounded(values: Tensor, scale: Tensor, least: Tensor, kept: GroupFormat) -> Tensor:
    return _share(values - least, scale).round_().clamp_(0, 2**kept.bits - 1)


def _error(values: Tensor, q: Tensor, scale: Tensor, least: Tensor) -> Tensor:
    """Sum of squares of each group."""
    return (q * scale).add_(least).sub_(values).square_().sum(-1, keepdim=True)


def _half(numbers: Tensor) -> Tensor:
    """As float16 has them, in float32."""
    return numbers.half().float()


def _share(numbers: Tensor, of: Tensor) -> Tensor:
    """A quotient, zero where it is of zero."""
    return numbers * torch.where(of == 0, 0.0, 1 / of)
