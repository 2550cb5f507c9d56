"""Which compiler is used, how it is called, and what becomes of one that hangs; with stand-ins for compilers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ahn_core.native import build, compilers
from ahn_core.native.compilers import Compiler

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are scripts of a shell")

# Answers to --version, and otherwise tells its environment and arguments in what it writes.
_STAND_IN = """#!{python}
import json, os, sys
if "--version" in sys.argv:
    print("stand-in 1.0")
    sys.exit()
{action}
target = sys.argv[sys.argv.index("-o") + 1]
kept = {{name: value for name, value in os.environ.items() if name.startswith("ZIG")}}
open(target, "w").write(json.dumps([sys.argv[1:], kept, os.getcwd()]))
"""


def stand_in(folder: Path, name: str = "g++", action: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    script = folder / name
    script.write_text(_STAND_IN.format(python=sys.executable, action=action), encoding="utf-8")
    script.chmod(0o755)
    return script


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CXX", raising=False)
    return folder


@pytest.fixture
def ziglang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda name: object())


def test_an_installed_compiler_comes_before_ziglang(path: Path, ziglang: None) -> None:
    assert compilers.find() == Compiler((sys.executable, "-m", "ziglang", "c++"), is_zig=True)
    stand_in(path, "clang++")
    assert compilers.find() == Compiler((str(path / "clang++"),))


def test_one_that_is_named_and_missing_is_not_replaced(
    path: Path, ziglang: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "icpx")
    assert compilers.find() is None


def test_on_windows_there_is_ziglang_alone(
    path: Path, ziglang: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(path)
    monkeypatch.setattr(compilers.sys, "platform", "win32")
    found = compilers.find()
    assert found is not None and found.is_zig
    arguments = found.arguments("win32", "AMD64")
    assert "-mcpu=native" in arguments
    assert not {"-fPIC", "-pthread", "-march=native"} & set(arguments)


@pytest.mark.parametrize(("status", "name"), [(2, "ziglang"), (0, "/usr/bin/g++"), (None, "ziglang")])
def test_apple_s_stand_in_is_never_run(
    status: int | None, name: str, path: Path, ziglang: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would open a window that asks to install the real one; whether there is one, xcode-select tells."""
    monkeypatch.setattr(compilers.sys, "platform", "darwin")
    monkeypatch.setattr(compilers.shutil, "which", lambda program: f"/usr/bin/{program}")

    def run(command: list[str], *, timeout: float, **_: object) -> subprocess.CompletedProcess[bytes]:
        assert command == ["xcode-select", "-p"] and timeout > 0
        if status is None:
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, status)

    monkeypatch.setattr(compilers.subprocess, "run", run)
    found = compilers.find()
    assert found is not None and found.name == name


@pytest.mark.parametrize(
    ("machine", "flag"), [("arm64", "-mcpu=native"), ("aarch64", "-mcpu=native"), ("x86_64", "-march=native")]
)
def test_the_library_is_for_this_very_processor(machine: str, flag: str) -> None:
    assert Compiler(("g++",)).arguments("linux", machine)[-1] == flag


def test_ziglang_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, folder = stand_in(tmp_path / "bin", "zig"), tmp_path / "native"
    monkeypatch.setattr(build, "compiler", lambda: Compiler((str(script),), is_zig=True))
    library = build.library(folder)
    assert list(folder.iterdir()) == [library]
    arguments, environment, cwd = json.loads(library.read_text())
    assert arguments[-3:-1] == [str(build.SOURCE), "-o"]
    assert cwd != str(Path.cwd())
    assert set(environment) == {"ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"}
    for cache in environment.values():
        assert Path(cache).is_relative_to(folder) and not Path(cache).exists(), (
            "where it is sure to be written"
        )


def test_the_compiler_may_go_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, folder = stand_in(tmp_path / "bin", "zig"), tmp_path / "native"
    monkeypatch.setattr(build, "compiler", lambda: Compiler((str(script),), is_zig=True))
    library = build.library(folder)
    monkeypatch.setattr(build, "compiler", lambda: None)
    assert build.kept(folder) == build.library(folder) == library
    monkeypatch.setattr(build, "_processor", lambda: "another one")
    with pytest.raises(
        build.BuildError, match=r"no C\+\+ compiler is installed \(g\+\+, clang\+\+ or the package"
    ):
        build.kept(folder)


def test_a_compiler_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = stand_in(tmp_path / "bin", action="import time; time.sleep(60)")
    monkeypatch.setattr(compilers, "_SECONDS", 0.5)
    monkeypatch.setenv("CXX", str(script))
    with pytest.raises(build.BuildError, match=r"g\+\+ was not done after 0 s"):
        build.library(tmp_path / "native")
    assert list((tmp_path / "native").iterdir()) == []


def test_a_compiler_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "g++"
    script.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(compilers, "_ANSWER_SECONDS", 0.3)
    monkeypatch.setenv("CXX", str(script))
    with pytest.raises(build.BuildError, match="does not answer"):
        build.kept(tmp_path)
