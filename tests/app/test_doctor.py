"""What `ahn-chat doctor` says, and that it says it of this very machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from ahn_core import devices
from ahn_core.native import build
from app import cli, paths
from app.acceleration import native_folder
from app.commands import doctor

NAMES = (
    "AHN Chat",
    "PyTorch",
    "device",
    "compiler",
    "CPU kernels",
    "backend",
    "data folder",
    "free disk",
    "free memory",
)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict]]:
    status = cli.main(["doctor", "--json", *arguments])
    return status, json.loads(capsys.readouterr().out)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what the command tells its children."""
    for name in ("AHN_CHAT_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "AHN_CHAT_HOME", "AHN_HOME"):
        monkeypatch.setenv(name, "")


def test_the_lines_say_what_the_json_says(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = told(capsys, "--data-dir", str(data_dir))
    assert status == 0 and set(NAMES) <= set(found)
    assert all(set(finding) == {"value", "why", "well"} for finding in found.values())
    assert found["data folder"] == {
        "value": str(data_dir),
        "why": "named by --data-dir, can be written to",
        "well": True,
    }
    assert found["PyTorch"]["value"] == torch.__version__
    assert cli.main(["doctor", "--data-dir", str(data_dir)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(found)
    assert any(line.split()[:2] == ["device", found["device"]["value"]] for line in lines)


def test_where_the_data_folder_comes_from(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AHN_CHAT_HOME", str(data_dir))
    assert told(capsys)[1]["data folder"]["why"].startswith("named by AHN_CHAT_HOME")


def test_a_data_folder_that_cannot_be_written_to_is_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    status, found = told(capsys, "--data-dir", str(tmp_path / "file" / "inside"))
    assert status == 1 and not found["data folder"]["well"]
    assert "cannot be written to" in found["data folder"]["why"]
    assert cli.main(["doctor", "--data-dir", str(tmp_path / "file" / "inside")]) == 1
    assert "\n! data folder" in capsys.readouterr().out


def test_no_compiler_and_what_follows_from_it(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr(devices, "best_device", lambda: devices.DeviceChoice(torch.device("cpu"), "a reason"))
    status, found = told(capsys, "--data-dir", str(data_dir))
    assert status == 0, "the app works without"
    assert found["device"] == {"value": "cpu", "why": "a reason", "well": True}
    assert found["compiler"] == {"value": "none", "why": "CXX names one that is not there", "well": True}
    assert found["CPU kernels"]["value"] == "none"
    assert found["backend"]["value"] == "torch"
    assert "no C++ compiler is installed" in found["backend"]["why"]


def test_a_library_that_does_not_load_is_marked(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if build.compiler() is None:
        pytest.skip("needs a C++ compiler: g++ or clang++")
    assert told(capsys, "--data-dir", str(data_dir))[1]["CPU kernels"]["value"] == "not compiled yet"
    broken = data_dir / "broken.so"
    broken.write_text("nonsense")
    monkeypatch.setattr(build, "kept", lambda folder: broken)
    assert native_folder(data_dir) == data_dir / "native"
    status, found = told(capsys, "--data-dir", str(data_dir))
    assert (status, found["CPU kernels"]["value"], found["CPU kernels"]["well"]) == (1, "do not load", False)


def test_free_room_is_this_machine_s(data_dir: Path) -> None:
    found = {finding.name: finding for finding in doctor.examine(paths.data_dir(data_dir), "for a test")}
    disk = shutil.disk_usage(data_dir).free / 1e9
    assert float(found["free disk"].value.split()[0]) == pytest.approx(disk, rel=0.2)
    assert float(found["free memory"].value.split()[0]) > 0
    assert found["backend"].value in ("cpu", "torch", "fla+flash", "torch+flash")
