"""What this machine can do at most: `python -m app.bench.limits THREADS`, JSON on standard output.

A decoded token touches every weight once, so memory bandwidth bounds decoding; a token that is read costs two
operations a weight, so the rate of matrix products bounds reading.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

_VECTOR_BYTES = 2**28  # far beyond any cache
_MATRIX = 1536  # as large as the embedded model's largest
_REPEATS = 5


@dataclass(frozen=True)
class Limits:
    """Bytes a second read from memory, and operations a second in matrix products of float32, and of bfloat16 where the
    processor has instructions for that, else 0: the best of five tries.
    """

    bytes_per_second: float
    operations_per_second: float
    bfloat16_operations_per_second: float = 0.0


def measure(vector_bytes: int = _VECTOR_BYTES, matrix: int = _MATRIX) -> Limits:
    """Measure this machine; takes about a second."""
    import torch

    from ahn_core.quantization import multiplies_bfloat16

    vector = torch.ones(vector_bytes // 4)
    left, right = torch.ones(matrix, matrix), torch.ones(matrix, matrix)
    operations = 2 * matrix**3
    half = 0.0
    if multiplies_bfloat16():
        short_left, short_right = left.bfloat16(), right.bfloat16()
        half = operations / _quickest(lambda: short_left @ short_right)
    return Limits(
        bytes_per_second=vector_bytes / _quickest(lambda: vector.sum()),
        operations_per_second=operations / _quickest(lambda: left @ right),
        bfloat16_operations_per_second=half,
    )


def _quickest(action: Callable[[], object]) -> float:
    """Seconds of the quickest of several tries, after one that warms up."""
    action()
    seconds = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def main() -> None:
    import torch

    if sys.argv[1:] and int(sys.argv[1]):
        torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps(asdict(measure())))


if __name__ == "__main__":
    main()
