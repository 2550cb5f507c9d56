"""launch.py: extras, a compiler, a GPU that PyTorch cannot use, and how it starts pytest."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from app.launching import usable_cores
from tests.launch_support import ROOT, launch, set_up


def wishes(*arguments: str) -> tuple[tuple[str, ...], bool, list[str]]:
    return tuple(launch.read_wishes(list(arguments), ("ocr", "sense")))


def test_its_own_flags_are_taken_out_and_the_others_passed_on() -> None:
    assert wishes("ask", "a.pdf", "--with", "ocr,sense", "Why?") == (
        ("ocr", "sense"),
        False,
        ["ask", "a.pdf", "Why?"],
    )
    assert wishes("--with=ocr", "--no-compiler", "--port", "1") == (("ocr",), True, ["--port", "1"])
    assert wishes("ask", "--", "--with", "x") == ((), False, ["ask", "--", "--with", "x"])


@pytest.mark.parametrize("arguments", [("--with", "voice"), ("--with=ocr,voice",)])
def test_an_unknown_extra_is_refused_in_one_sentence(arguments: tuple[str, ...]) -> None:
    with pytest.raises(launch.SetupError, match="'voice' is no extra of AHN Chat.* among ocr, sense") as told:
        wishes(*arguments)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("arguments", [("--with",), ("--with=",), ("--with", "--port")])
def test_with_needs_names(arguments: tuple[str, ...]) -> None:
    with pytest.raises(launch.SetupError, match="--with needs names of extras"):
        wishes(*arguments)


def test_the_extras_are_those_of_pyproject() -> None:
    known = launch.known_extras(ROOT)
    assert {"gpu", "ocr", "sense", "test"} <= set(known)
    assert not {"dependencies", "classifiers", "ahn-chat", "markers"} & set(known)


def test_extras_are_kept_by_later_starts_and_by_another_environment(checkout: Path) -> None:
    assert set_up(checkout, extras=("ocr",)).pip_installs[-1] == ".[ocr]"
    state = launch.read_state(checkout / ".venv")
    assert state is not None and state.satisfies(launch.make_plan(checkout, "mac", testing=False))
    assert set_up(checkout, extras=("sense",)).pip_installs == [".[ocr,sense]"]
    # Another kind of PyTorch makes the environment anew, with what was asked for before.
    assert set_up(checkout, build="gpu").pip_installs[-1] == ".[gpu,ocr,sense]"
    assert set_up(checkout, build="cpu").pip_installs[-1] == ".[ocr,sense]"


NO_COMPILER = {launch.FIND_COMPILER: "none"}


def test_where_no_compiler_is_one_is_fetched_and_its_size_told(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set_up(checkout, answers=NO_COMPILER).pip_installs[-1] == "ziglang"
    assert "(100 MB to fetch, 410 MB on disk)" in capsys.readouterr().out


@pytest.mark.parametrize("found", ["/usr/bin/g++", "ziglang", ""])
def test_where_one_is_none_is_fetched(checkout: Path, found: str) -> None:
    assert "ziglang" not in set_up(checkout, answers={launch.FIND_COMPILER: found}).pip_installs


def test_a_gpu_needs_none(checkout: Path) -> None:
    assert "ziglang" not in set_up(checkout, build="gpu", answers=NO_COMPILER).pip_installs


def test_a_compiler_that_is_declined_stays_declined(checkout: Path) -> None:
    assert "ziglang" not in set_up(checkout, answers=NO_COMPILER, no_compiler=True).pip_installs
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("\n# a new version\n")
    assert "ziglang" not in set_up(checkout, answers=NO_COMPILER).pip_installs


def test_a_compiler_that_is_declined_later_stays_declined_too(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = launch.torch_build(platform.system(), launch.has_nvidia_gpu())
    set_up(checkout, build=build)
    launch.ensure_environment(checkout, False, no_compiler=True)
    state = launch.read_state(checkout / ".venv")
    assert state is not None and state.complete and state.no_compiler


def test_one_that_was_removed_again_is_not_fetched_for_an_extra(checkout: Path) -> None:
    set_up(checkout, answers=NO_COMPILER)
    assert set_up(checkout, answers=NO_COMPILER, extras=("ocr",)).pip_installs == [".[ocr]"]


def test_without_network_for_a_compiler_the_set_up_is_complete(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(checkout, answers=NO_COMPILER, failing="ziglang")
    state = launch.read_state(checkout / ".venv")
    assert state is not None and state.complete
    assert "works without a compiler, but slower: It failed." in capsys.readouterr().out


@pytest.mark.parametrize(("cuda", "told"), [("none", True), ("12.8", False)])
def test_a_cpu_build_beside_a_gpu_claims_nothing(
    cuda: str, told: bool, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "has_nvidia_gpu", lambda: True)
    set_up(checkout, build="cpu", answers={launch.TORCH_CUDA: cuda})
    assert ("computes on the CPU alone" in capsys.readouterr().out) is told


def test_the_whole_suite_is_shared_by_processes_and_what_is_asked_for_is_not() -> None:
    assert launch.shared_tests([], 2) == ["-n", "2"]
    assert launch.shared_tests(["--durations=10"], 16) == ["-n", "4", "--durations=10"]
    for arguments in (["tests/test_launch.py"], ["-x"], ["-n", "8"], ["-p", "no:xdist"], ["--pdb"]):
        assert launch.shared_tests(arguments, 2) == arguments
    assert launch.shared_tests([], 1) == []
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
