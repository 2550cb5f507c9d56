"""The compiled step and memory on every branch of x86-64: a few of test_native.py's comparisons for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ahn_core.config import CELL_NAMES, CellName
from ahn_core.grouped import group_
from ahn_core.native.decoder import NativeDecoder
from ahn_core.quantization import quantize_
from tests.ahn_core.branches import BRANCHES, branch_library
from tests.ahn_core.native_support import (
    ODD,
    absorbing,
    both,
    small_blocks,  # noqa: F401  (a fixture that is always used)
    small_weights,
)
from tests.tiny import tiny_model


@pytest.fixture(scope="module", params=BRANCHES)
def decoder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NativeDecoder]:
    made = NativeDecoder(branch_library(request.param, tmp_path_factory), 2)
    yield made
    made.close()


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("memory_rope", [True, False], ids=["rotated", "unrotated"])
def test_a_step_equals_the_plain_one(decoder: NativeDecoder, cell: CellName, memory_rope: bool) -> None:
    model = tiny_model(cell, sink_positions="capped", memory_rope=memory_rope)
    both(model, decoder, "ahn", [5, *[1] * 20, 7, *[1] * 3], attention_sinks=3, sliding_window=10)


def test_a_step_of_odd_sizes_equals_the_plain_one(decoder: NativeDecoder) -> None:
    model = tiny_model(**ODD, inverse_frequencies=tuple(0.5**i for i in range(9)))
    both(model, decoder, "ahn", [4, *[1] * 20], attention_sinks=3, sliding_window=10)


@pytest.mark.parametrize("convert", [quantize_, group_], ids=["8 bits", "4 bits"])
def test_small_weights_are_multiplied_as_they_are(decoder: NativeDecoder, convert) -> None:
    small_weights(decoder, convert)


@pytest.mark.parametrize("cell", CELL_NAMES)
@pytest.mark.parametrize("size", [32, 128])
@pytest.mark.parametrize("count", [1, 65])
def test_absorbing_equals_the_cell(decoder: NativeDecoder, cell: CellName, size: int, count: int) -> None:
    absorbing(decoder, cell, size, count)
