"""Triton kernels for packed weights (grouped.py): products of a few tokens, and rows unpacked. Import it on use only.

A record, as native/grouped.h has it, is 16 rows of 32 columns: 8 slices of 4 columns, each row upon row. With fewer
than 8 bits the lower halves of the first 256 bytes are slices 0 … 3 and the upper ones slices 4 … 7, then 64 bytes of
every further bit; then float16 scales and smallest values, 16 rows each. The 4 columns of a slice stand in the order
0, 2, 1, 3. The same memory is handed over three times, as words, float16 and bytes.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def multiply_few(
    x,  # [tokens, columns] of any floating-point format
    y,  # [tokens, rows]
    words,  # int32 [tiles, groups, RECORD / 4]
    halves,  # float16
    rows,
    columns,
    groups,
    RECORD: tl.constexpr,  # bytes
    BITS: tl.constexpr,
    OFFSET: tl.constexpr,  # what a q of zero stands for, in scales below zero
    AFFINE: tl.constexpr,
    SCALES: tl.constexpr,  # of a row in a record: 2 with 6 bits, else 1
    WHOLE: tl.constexpr,  # whether the columns are whole records
    GROUPS: tl.constexpr,  # records of a tile that are multiplied at once
):
    """One program for a token and a tile: y = x W^T for 16 rows. Programs of one tile run side by side, so its records
    come from memory once.

    A float whose mantissa begins with q is 1 + q / 2^BITS, so no whole number is converted: with the sum s of those
    times x and the sum t of x, the sum of (q - OFFSET) x is 2^BITS s - (2^BITS + OFFSET) t.
    """
    token = tl.program_id(0)
    tile = tl.program_id(1).to(tl.int64)
    row = tl.arange(0, 16)[None, :]  # [1, 16]
    slices = tl.arange(0, 4 * GROUPS)[:, None]  # [4 GROUPS, 1]: four of each record, and then four more of it
    piece = slices % 4
    total = tl.zeros((4 * GROUPS, 16), tl.float32)
    for at in range(0, groups, GROUPS):
        group = at + slices // 4
        there = group < groups
        record = tile * groups + group
        at_word = words + record * (RECORD // 4) + piece * 16 + row
        word = tl.load(at_word, mask=there, other=0)
        at_scale = halves + record * (RECORD // 2) + 32 * BITS + row
        scale = tl.load(at_scale, mask=there, other=0.0).to(tl.float32)
        at_bits = words + record * (RECORD // 4) + 64 + piece * 2  # two words a slice and bit, 8 rows each
        sums = tl.zeros((4 * GROUPS, 1), tl.float32)
        for half in tl.static_range(2):  # slices 0 … 3, then 4 … 7
            if BITS == 8 and half == 1:
                word = tl.load(at_word + 64, mask=there, other=0)
            if SCALES == 2 and half == 1:
                scale = tl.load(at_scale + 16, mask=there, other=0.0).to(tl.float32)
            fifth = word
            sixth = word
            if BITS == 5 or BITS == 6:
                low = tl.load(at_bits + 8 * half, mask=there, other=0)
                high = tl.load(at_bits + 8 * half + 1, mask=there, other=0)
                fifth = tl.where(row < 8, low, high) >> (4 * (row % 8))
            if BITS == 6:
                low = tl.load(at_bits + 8 * half + 16, mask=there, other=0)
                high = tl.load(at_bits + 8 * half + 17, mask=there, other=0)
                sixth = tl.where(row < 8, low, high) >> (4 * (row % 8))
            weighted = tl.zeros((4 * GROUPS, 16), tl.float32)
            plain = tl.zeros((4 * GROUPS, 1), tl.float32)
            for place in tl.static_range(4):
                if BITS == 8:  # noqa: SIM108 - a branch of the compiler's
                    q = (word >> (8 * place)) & 255
                else:
                    q = (word >> (8 * place + 4 * half)) & 15
                if BITS == 5 or BITS == 6:
                    q = q | (((fifth >> place) & 1) << 4)
                if BITS == 6:
                    q = q | (((sixth >> place) & 1) << 5)
                value = ((q << (23 - BITS)) | 0x3F800000).to(tl.float32, bitcast=True)
                column = group * 32 + half * 16 + piece * 4 + (place % 2) * 2 + place // 2
                wanted = there
                if not WHOLE:
                    wanted = there & (column < columns)
                active = tl.load(x + token * columns + column, mask=wanted, other=0.0).to(tl.float32)
                weighted += value * active
                plain += active
            sums += plain
            total += (weighted * (1 << BITS) - plain * ((1 << BITS) + OFFSET)) * scale
        if AFFINE:
            total += sums * tl.load(at_scale + 16, mask=there, other=0.0).to(tl.float32)
    found = tl.sum(total, axis=0)
    at_row = tile * 16 + tl.arange(0, 16)
    tl.store(y + token * rows + at_row, found.to(y.dtype.element_ty), mask=at_row < rows)


@triton.jit
def unpack_rows(
    y,  # [count, columns]
    ids,  # int64 [count], the rows that are wanted, or anything
    halves,
    octets,
    first,  # the first row that is wanted, where it is not `ids` that say which
    count,
    rows,
    columns,
    groups,
    RECORD: tl.constexpr,
    BITS: tl.constexpr,
    OFFSET: tl.constexpr,
    AFFINE: tl.constexpr,
    SCALES: tl.constexpr,
    SELECTED: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """One program for ROWS x COLUMNS of y. A row that is not there is zero: to look would be to wait."""
    at = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]  # [ROWS, 1]
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)[None, :]  # [1, COLUMNS]
    row = first + at
    if SELECTED:
        row = tl.load(ids + at, mask=at < count, other=0)
    there = (at < count) & (column < columns)
    known = there & (row >= 0) & (row < rows)
    record = (row // 16) * groups + column // 32  # [ROWS, COLUMNS]
    line, within = row % 16, column % 32
    piece, place = within // 4, (within % 2) * 2 + within // 2 % 2
    start = octets + record * RECORD
    if BITS == 8:
        q = tl.load(start + piece * 64 + line * 4 + place, mask=known, other=0).to(tl.int32)
    else:
        both = tl.load(start + (piece % 4) * 64 + line * 4 + place, mask=known, other=0).to(tl.int32)
        q = (both >> (piece // 4 * 4)) & 15
        for bit in tl.static_range(4, BITS):
            eight = tl.load(start + 64 * bit + piece * 8 + line // 2, mask=known, other=0).to(tl.int32)
            q = q | (((eight >> (line % 2 * 4 + place)) & 1) << bit)
    at_scale = halves + record * (RECORD // 2) + 32 * BITS + line
    if SCALES == 2:
        at_scale = at_scale + within // 16 * 16
    found = (q.to(tl.float32) - OFFSET) * tl.load(at_scale, mask=known, other=0.0).to(tl.float32)
    if AFFINE:
        found += tl.load(at_scale + 16, mask=known, other=0.0).to(tl.float32)
    tl.store(y + at * columns + column, found.to(y.dtype.element_ty), mask=there)
