"""launch.py: what it decides, what it says, and a set-up that starts from nothing."""

from __future__ import annotations

import ast
import http.server
import os
import platform
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launch_support import ROOT, launch, set_up

# ---- decisions


@pytest.mark.parametrize(
    ("system", "nvidia", "build"),
    [
        ("Linux", False, "cpu"),
        ("Linux", True, "gpu"),
        ("Windows", False, "cpu"),
        ("Windows", True, "cpu"),  # the package index has no other
        ("Darwin", False, "mac"),
    ],
)
def test_which_torch(system: str, nvidia: bool, build: str) -> None:
    assert launch.torch_build(system, nvidia) == build


def test_an_nvidia_driver_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: str(path) != "/proc/driver/nvidia" and exists(path))
    assert not launch.has_nvidia_gpu()
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert launch.has_nvidia_gpu()


def test_torch_requirement_is_that_of_the_project() -> None:
    assert launch.torch_requirement(ROOT) == "torch>=2.8,<2.14"


def test_extras(checkout: Path) -> None:
    assert launch.make_plan(checkout, "cpu", testing=False).extras == ()
    assert launch.make_plan(checkout, "gpu", testing=True).extras == ("gpu", "test")


def test_the_key_changes_with_what_is_installed_and_where(checkout: Path, tmp_path: Path) -> None:
    plan = launch.make_plan(checkout, "cpu", testing=False)
    assert plan == launch.make_plan(checkout, "cpu", testing=False)
    keys = {plan.key, launch.make_plan(checkout, "gpu", testing=False).key}
    moved = Path(shutil.copytree(checkout, tmp_path / "moved"))
    keys.add(launch.make_plan(moved, "cpu", testing=False).key)
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("\n# another dependency\n")
    keys.add(launch.make_plan(checkout, "cpu", testing=False).key)
    assert len(keys) == 4


# ---- setting up


def test_first_set_up_installs_and_the_second_has_nothing_to_do(checkout: Path) -> None:
    setup = set_up(checkout)
    assert setup.pip_installs == ["torch>=2.8,<2.14", "."]
    state = launch.read_state(checkout / ".venv")
    assert state is not None
    assert state.satisfies(setup.plan) and launch.works(checkout / ".venv", state)


def test_tests_add_their_extra_without_starting_over(checkout: Path) -> None:
    set_up(checkout)
    assert set_up(checkout, testing=True).pip_installs == [".[test]"]
    state = launch.read_state(checkout / ".venv")
    assert state is not None and state.satisfies(launch.make_plan(checkout, "mac", testing=False))


def test_a_changed_project_is_installed_again_and_keeps_its_extras(checkout: Path) -> None:
    set_up(checkout, testing=True)
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("\n# another dependency\n")
    again = set_up(checkout)
    assert again.pip_installs == ["torch>=2.8,<2.14", ".[test]"]
    assert not any("venv" in command for command in again.steps)


def test_a_half_made_environment_is_made_anew(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(launch.SetupError):
        set_up(checkout, failing="AHN Chat")
    (checkout / ".venv" / "half a package").touch()
    assert len(set_up(checkout).pip_installs) == 2
    assert "was not finished, so it is made anew" in capsys.readouterr().out
    assert not (checkout / ".venv" / "half a package").exists()


def test_adding_the_tests_without_network_keeps_what_works(checkout: Path) -> None:
    plan = set_up(checkout).plan
    with pytest.raises(launch.SetupError):
        set_up(checkout, testing=True, failing="AHN Chat")
    state = launch.read_state(checkout / ".venv")
    assert state is not None and state.satisfies(plan)


def test_an_environment_for_another_gpu_is_made_anew(checkout: Path) -> None:
    set_up(checkout, build="mac")
    setup = set_up(checkout, build="gpu")
    assert any("venv" in command for command in setup.steps)
    assert setup.pip_installs == ["torch>=2.8,<2.14", ".[gpu]"]


def test_an_environment_that_lost_its_python_is_made_anew(checkout: Path) -> None:
    set_up(checkout)
    python = launch.venv_python(checkout / ".venv")
    python.unlink()
    python.symlink_to(checkout / "removed")
    state = launch.read_state(checkout / ".venv")
    assert state is not None and not launch.works(checkout / ".venv", state)
    assert any("venv" in command for command in set_up(checkout).steps)


@pytest.mark.skipif(platform.system() == "Windows", reason="a file that may be run is told by its mode")
def test_a_python_for_another_machine_counts_as_none(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_bytes(b"\x7fELF of another processor")
    python.chmod(0o755)
    assert launch.version_of(python) == ""


def test_an_environment_in_use_is_left_whole(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(checkout)
    launch.venv_python(checkout / ".venv").unlink()

    def held(source: str, target: str) -> None:
        raise PermissionError(13, "The process cannot access the file", source)

    with monkeypatch.context() as patch:
        patch.setattr(launch.os, "replace", held)
        with pytest.raises(PermissionError):
            set_up(checkout)
    assert launch.read_state(checkout / ".venv") is not None
    assert set_up(checkout).pip_installs and not (checkout / ".venv.old").exists()


def test_what_an_interrupted_removal_left_goes_with_the_next_set_up(checkout: Path) -> None:
    (checkout / ".venv.old").mkdir()
    set_up(checkout)
    assert not (checkout / ".venv.old").exists()


def test_another_python_uses_the_environment_as_it_is(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(checkout)
    monkeypatch.setattr(launch, "this_python", lambda: "3.99")
    state = launch.read_state(checkout / ".venv")
    assert state is not None and launch.works(checkout / ".venv", state)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": "x"}', '{"key": 1, "build": 2, "extras": 3}'])
def test_a_damaged_state_counts_as_none(tmp_path: Path, text: str) -> None:
    launch.state_file(tmp_path).write_text(text)
    assert launch.read_state(tmp_path) is None


def test_the_cpu_index_is_used_where_it_answers(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.platform, "system", lambda: "Linux")
    monkeypatch.setattr(launch, "answers", lambda url, timeout: True)
    command = set_up(checkout, build="cpu").steps[1]
    assert command[-3:] == ["torch>=2.8,<2.14", "--extra-index-url", launch.CPU_INDEX]


def test_without_the_cpu_index_the_default_build_is_installed_and_told(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch.platform, "system", lambda: "Linux")
    monkeypatch.setattr(launch, "answers", lambda url, timeout: False)
    assert set_up(checkout, build="cpu").pip_installs == ["torch>=2.8,<2.14", "."]
    assert "does not answer" in capsys.readouterr().out


# ---- trouble


def test_a_full_disk_is_told_beforehand(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(launch.NEEDED_BYTES, "mac", 10**18)
    with pytest.raises(launch.SetupError, match="needs about 1000000000 GB of free disk space"):
        set_up(checkout)
    assert not (checkout / ".venv").exists()


def test_missing_ensurepip_is_told_with_the_package_to_install(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(launch.SetupError, match=rf"apt install python{launch.this_python()}-venv"):
        set_up(checkout)


def test_a_folder_in_the_way_is_not_removed(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine").touch()
    with pytest.raises(launch.SetupError, match="is no Python environment: remove it"):
        set_up(checkout)
    assert (checkout / ".venv" / "mine").exists()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)
def test_a_read_only_folder_is_told(checkout: Path) -> None:
    checkout.chmod(0o500)
    try:
        with pytest.raises(launch.SetupError, match="cannot be written to"):
            launch.ensure_environment(checkout, testing=False)
    finally:
        checkout.chmod(0o700)


def test_what_the_system_refuses_is_told(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(root: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(launch, "setup_lock", refuse)
    with pytest.raises(
        launch.SetupError, match=r"cannot be written to \(Permission denied\): close AHN Chat"
    ):
        launch.ensure_environment(checkout, testing=False)


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "The disk is full",
        ),
        (
            "WARNING: Retrying (...) after NewConnectionError(...)\nERROR: No matching distribution",
            "cannot be reached",
        ),
        ("ERROR: No matching distribution found for torch>=2.8,<2.14", "There is no PyTorch for Python"),
        ("ERROR: [Errno 13] Permission denied: 'x'", "for lack of permission"),
        ("ERROR: Something odd.\n\n[notice] A new release", "Installing failed (Something odd)."),
        (
            "  ValueError: no such key\n  [end of output]\nhint: See above.",
            "Installing failed (ValueError: no such key).",
        ),
        ("", "Installing failed (no reason was given)."),
    ],
)
def test_why_a_step_failed(log: str, sentence: str, tmp_path: Path) -> None:
    message = launch.explain("Installing", log, tmp_path)
    assert sentence in message
    assert message.endswith(".") and "\n" not in message


def test_a_failing_step_names_the_log(checkout: Path) -> None:
    setup = launch.Setup(checkout, launch.make_plan(checkout, "mac", testing=False))
    setup.log.write_text("ERROR: an earlier step\n")
    with pytest.raises(
        launch.SetupError, match=r"Trying failed \(this one\)\. Details are in .*launch\.log\."
    ):
        setup._step("Trying", [sys.executable, "-c", "print('ERROR: this one'); raise SystemExit(1)"])


def test_packages_go_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    environment = launch.pip_environment()
    assert "PIP_USER" not in environment and "PIP_TARGET" not in environment
    assert environment["PIP_INDEX_URL"] == "https://mirror.example/simple"


@pytest.fixture
def local_server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_server_that_refuses_does_not_answer(local_server: str) -> None:
    assert not launch.answers(local_server, timeout=5)  # 501: it knows no HEAD


def test_what_speaks_no_http_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        assert not launch.answers(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=5)
        thread.join(10)


def test_nothing_listening_does_not_answer() -> None:
    started = time.monotonic()
    assert not launch.answers("http://127.0.0.1:9/", timeout=5)
    assert time.monotonic() - started < 5


# ---- the script itself


@pytest.mark.parametrize("file", ["launch.py", "app/launching.py", "app/__init__.py"])
def test_an_old_python_can_read_it(file: str) -> None:
    ast.parse((ROOT / file).read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(launch.sys, "version_info", (3, 9, 18))
    assert launch.main([]) == 1
    assert "needs Python 3.10 or newer and this is" in capsys.readouterr().err


def test_two_set_ups_wait_for_each_other(tmp_path: Path) -> None:
    inside: list[str] = []

    def second() -> None:
        with launch.setup_lock(tmp_path):
            inside.append("second")

    thread = threading.Thread(target=second)
    with launch.setup_lock(tmp_path):
        thread.start()
        time.sleep(0.2)
        inside.append("first")
    thread.join(10)
    assert inside == ["first", "second"]


@pytest.mark.skipif(platform.system() == "Windows", reason="the stand-in is a shell script")
def test_a_second_start_passes_on_its_arguments_at_once(checkout: Path) -> None:
    """The real script with an environment that only looks complete: no package is needed to see what it starts."""
    build = launch.torch_build(platform.system(), launch.has_nvidia_gpu())
    set_up_state = launch.make_plan(checkout, build, testing=False)
    python = launch.venv_python(checkout / ".venv")
    python.parent.mkdir(parents=True)
    python.symlink_to(shutil.which("echo") or "/bin/echo")
    launch.write_state(
        checkout / ".venv",
        launch.State(set_up_state.key, build, set_up_state.extras, launch.this_python(), True),
    )
    command = [sys.executable, str(checkout / "launch.py"), "ask", "a b.pdf", "--json", "Why?"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == f"{python.with_name('ahn-chat')} ask a b.pdf --json Why?"
    assert done.stderr == ""
