"""Each backend's memory beside the plain one: outputs, final states and, where it trains, gradients.

    python -m tests.ahn_core.kernel_cases cpu fla          # by triton's interpreter: set TRITON_INTERPRET=1
    python -m tests.ahn_core.kernel_cases cpu --all fla    # also the lengths that take minutes there
    python -m tests.ahn_core.kernel_cases cuda fla mamba

prints one JSON object a case. A program of its own, because triton reads the switch when it is imported.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from types import SimpleNamespace

import torch
from torch import Tensor

from ahn_core.cells import CELLS, MemoryCell
from ahn_core.config import CELL_NAMES, CellName
from ahn_core.ops.fla import FlaOps
from ahn_core.ops.guarded import GuardedOps
from ahn_core.ops.mamba import MambaOps
from ahn_core.ops.plain import TorchOps

LENGTHS = (1, 5, 63, 64, 65, 200, 1_100)
KERNELS: dict[str, type[GuardedOps]] = {"fla": FlaOps, "mamba": MambaOps}


@dataclass(frozen=True)
class Case:
    """`state`: whether the memory holds something before; `learning`: whether gradients are compared, too."""

    backend: str
    cell: CellName
    length: int
    state: bool
    learning: bool
    heads: int = 2
    kv_heads: int = 1
    size: int = 16


def cases(backend: str, *, learning: bool, **sizes: int) -> Iterator[Case]:
    """Every cell, length and kind of beginning that a backend has kernels for."""
    for cell, length, state in itertools.product(CELL_NAMES, LENGTHS, (False, True)):
        if backend != "mamba" or cell == "Mamba2":
            yield Case(backend, cell, length, state, learning, **sizes)


def interpreted_cases(backend: str, **sizes: int) -> Iterator[Case]:
    """Those of `cases` that take a fraction of a second in the interpreter, with and without gradients."""
    for case in cases(backend, learning=False, **sizes):
        if case.length <= 64 or (case.length == 65 and case.state):
            yield case
    for case in cases(backend, learning=True, **sizes):
        if (case.length, case.state) in ((1, True), (5, False), (65, True), (200, True)):
            yield case


def arguments(case: Case, device: torch.device) -> tuple[MemoryCell, list[Tensor]]:
    """A random cell, and what `TorchOps.absorb` takes after it."""
    generator = torch.Generator().manual_seed(case.length)
    hidden = 24
    shape = SimpleNamespace(num_attention_heads=case.heads, head_dim=case.size, hidden_size=hidden)
    cell = CELLS[case.cell](shape)  # type: ignore[arg-type]
    cell.reset_parameters(generator)
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, parameter.shape[-1] ** -0.5, generator=generator)
            elif name.endswith("norm.weight"):
                parameter.uniform_(0.5, 1.5, generator=generator)
    q = torch.randn(case.heads, case.length, case.size, generator=generator)
    k, v = torch.randn(2, case.kv_heads, case.length, case.size, generator=generator)
    writers, readers = torch.randn(2, case.length, hidden, generator=generator)
    state = torch.randn(case.heads, case.size, case.size, generator=generator) * float(case.state)
    cell = cell.to(device)
    with torch.no_grad():
        gates = cell.write_gates(writers.to(device))
    return cell, [x.to(device) for x in (q, k, v, gates, readers, state)]


def computed(ops: TorchOps, case: Case, device: torch.device) -> dict[str, Tensor]:
    """Output and state, and with `learning` the gradients of q, k, v, gates and state."""
    cell, given = arguments(case, device)
    before = [x.clone() for x in given]
    if not case.learning:
        with torch.no_grad():
            out, state = ops.absorb(cell, *given)
        assert all(torch.equal(x, y) for x, y in zip(given, before, strict=True)), "an argument was changed"
        return {"output": out, "state": state}
    q, k, v, gates, hidden, start = given
    leaves = [x.requires_grad_() for x in (q, k, v, gates, start)]
    out, state = ops.absorb(cell, q, k, v, gates, hidden, start)
    weights = torch.linspace(-1, 1, out.numel(), device=device).view_as(out)
    (out * weights).sum().add(state.square().sum()).backward()
    names = ("q", "k", "v", "gates", "start")
    found = {f"gradient of {n}": x.grad for n, x in zip(names, leaves, strict=True) if x.grad is not None}
    return {"output": out.detach(), "state": state.detach(), **found}


def differences(found: dict[str, Tensor], expected: dict[str, Tensor]) -> dict[str, float]:
    """The largest difference of each tensor, as a share of the largest number in it."""
    return {
        name: float((found[name] - tensor).abs().max() / tensor.abs().max().clamp_min(1e-6))
        for name, tensor in expected.items()
    }


def compare(case: Case, ops: TorchOps, device: torch.device) -> dict[str, object]:
    began = time.perf_counter()
    found = computed(ops, case, device)
    seconds = time.perf_counter() - began
    result: dict[str, object] = {**asdict(case), "seconds": round(seconds, 3)}
    if ops.name != case.backend:
        return {**result, "failed": ops.reason}
    return {**result, "differences": differences(found, computed(TorchOps(), case, device))}


class _Index(int):
    """A loop's index that, as in a compiled kernel, can be asked for as another integer."""

    def to(self, _dtype: object) -> _Index:
        return self


def in_the_interpreter() -> None:
    """Let kernels run without a GPU: no configurations to measure, no device to make the current one, and indices that
    are more than Python's.
    """
    import fla.ops  # noqa: F401 - so that its modules are there to be changed
    from triton.runtime.autotuner import Autotuner

    tuned = Autotuner.run

    def run(self: Autotuner, *args: object, **kwargs: object) -> object:
        self.configs = self.configs[:1]
        return tuned(self, *args, **kwargs)

    Autotuner.run = run
    torch.cuda.device = lambda *_: contextlib.nullcontext()  # type: ignore[assignment, misc]
    for name, module in list(sys.modules.items()):
        if name.startswith("fla.ops."):
            vars(module)["range"] = lambda *bounds: map(_Index, range(*bounds))


def main(device_name: str, backends: list[str]) -> None:
    device, everything = torch.device(device_name), "--all" in backends
    backends = [name for name in backends if name != "--all"]
    for backend in backends:
        if device.type == "cpu":
            in_the_interpreter()
            chosen = cases(backend, learning=False) if everything else interpreted_cases(backend)
        else:
            chosen = itertools.chain(cases(backend, learning=False), cases(backend, learning=True))
        for case in chosen:
            print(json.dumps(compare(case, KERNELS[backend](), device)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
