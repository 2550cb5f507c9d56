"""Which device is chosen where none is named, with GPUs that are not there."""

from __future__ import annotations

import pytest
import torch

from ahn_core import devices
from ahn_core.ops.plain import TorchOps


@pytest.fixture(autouse=True)
def asked_anew():  # type: ignore[no-untyped-def]
    devices.best_device.cache_clear()
    yield
    devices.best_device.cache_clear()


@pytest.mark.parametrize(
    ("built_for", "capability", "runs"),
    [
        (["sm_75", "sm_80", "sm_90"], (6, 1), False),
        (["sm_75", "sm_80", "sm_90"], (8, 6), True),  # code of 8.0 runs on all of its generation
        (["sm_75", "sm_86"], (8, 0), False),
        (["sm_75", "sm_90"], (12, 0), False),
        (["sm_75", "compute_90"], (12, 0), True),  # what is compiled on the spot
        (["sm_90a"], (9, 0), True),
        ([], (9, 0), False),
    ],
)
def test_which_gpus_a_build_runs_on(built_for: list[str], capability: tuple[int, int], runs: bool) -> None:
    assert devices.supports(built_for, capability) is runs


def pretend(
    monkeypatch: pytest.MonkeyPatch, *, capability: tuple[int, int] | None, mps: bool = False
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: capability is not None)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "GTX 1080")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_80", "sm_90"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


def test_an_old_gpu_leaves_it_to_the_cpu_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, capability=(6, 1))
    chosen = devices.best_device()
    assert chosen.device == torch.device("cpu")
    assert chosen.reason.startswith(
        "GTX 1080 (compute capability 6.1) is not among the GPUs that this PyTorch"
    )


@pytest.mark.parametrize("wrong", ["", "computes something else"])
@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_gpu_is_used_where_it_computes_right(
    kind: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, capability=(8, 6) if kind == "cuda" else None, mps=kind == "mps")
    tried: list[torch.device] = []
    monkeypatch.setattr(devices, "computes_wrong", lambda device: tried.append(device) or wrong)
    chosen = devices.best_device()
    assert devices.best_device() is chosen and tried == [torch.device(kind)], "tried once"
    assert chosen.device.type == ("cpu" if wrong else kind)
    assert (wrong or "computes right") in chosen.reason


def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, capability=None)
    assert devices.best_device() == devices.DeviceChoice(torch.device("cpu"), "there is no GPU")


def test_the_self_test_passes_on_the_cpu_and_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert devices.computes_wrong(torch.device("cpu")) == ""
    plain, calls = TorchOps.recur, []

    def broken_the_second_time(self, *arguments):  # type: ignore[no-untyped-def]
        calls.append(1)
        out, state = plain(self, *arguments)
        return (out * (1 if len(calls) <= 8 else 1.5)), state

    monkeypatch.setattr(TorchOps, "recur", broken_the_second_time)
    assert "computes something else than the CPU" in devices.computes_wrong(torch.device("cpu"))

    def failing(self, *arguments):  # type: ignore[no-untyped-def]
        calls.append(1)
        if len(calls) > 8:
            raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nmore")
        return plain(self, *arguments)

    calls.clear()
    monkeypatch.setattr(TorchOps, "recur", failing)
    told = devices.computes_wrong(torch.device("cpu"))
    assert told == (
        "fails in a first computation (CUDA error: no kernel image is available for execution on the device)"
    )
