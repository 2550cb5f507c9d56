"""The command `ahn-chat`: flags, refusals, and what the page is started with."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app import __version__, bench, cli, evaluation, options, paths, startup
from app.commands import ask, doctor, memory, train
from app.commands import chats as chats_command
from app.commands import library as library_command
from app.commands import mcp as mcp_command
from app.commands import merge as merge_command
from app.commands import models as models_command
from app.commands import plan as plan_command
from app.commands import serve as serve_command
from app.commands import text as text_command
from app.options import Options

ROOT = Path(__file__).resolve().parents[2]


def flags(parser: argparse.ArgumentParser) -> set[str]:
    return {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    (actions,) = (action.choices for action in parser._actions if isinstance(action.choices, dict))
    return list(actions.values())


PARSERS = (
    cli.page_parser(),
    ask.parser(),
    mcp_command.parser(),
    serve_command.parser(),
    text_command.parser(),
    *actions_of(library_command.parser()),
    *actions_of(chats_command.parser()),
    *actions_of(models_command.parser()),
    plan_command.parser(),
    merge_command.merge_parser(),
    merge_command.split_parser(),
    bench.parser(),
    doctor.parser(),
    *evaluation.parsers(),
    memory.parser(),
    train.prepare_parser(),
    train.train_parser(),
)
ALL_FLAGS = set().union(*map(flags, PARSERS))
LAUNCHER_FLAGS = {
    "--with",
    "--no-compiler",
}  # launch.py takes them out itself, before there is an environment

# ---- flags


def test_the_flags_people_expect_exist() -> None:
    expected = (
        "host port no-browser model ahn device dtype data-dir offline max-upload-mb language ssl-certfile "
    )
    expected += "ssl-keyfile auth version help api api-key api-conversations api-memory-mb api-documents"
    assert {f"--{name}" for name in expected.split()} == flags(cli.page_parser())


def test_the_flags_of_ask_exist() -> None:
    expected = "memory sinks window max-new-tokens json temperature top-p top-k min-p repetition-penalty seed no-keep "
    expected += "no-recall questions"
    shared = "model ahn device dtype data-dir offline help"
    assert {f"--{name}" for name in (expected + " " + shared).split()} == flags(ask.parser())


@pytest.mark.parametrize("name", ["nonsense", "CPU", "cuda:", "cuda:x"])
def test_a_device_that_is_none_is_told_before_anything_is_begun(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["ask", "file", "question"], ["plan"], []):
        with pytest.raises(SystemExit, match="2"):
            cli.main([*command, "--device", name])
        assert f"'{name}' is no device, so nothing was begun" in capsys.readouterr().err


def test_every_flag_is_in_the_list_of_commands() -> None:
    listed = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    missing = {flag for flag in ALL_FLAGS if f"`{flag}" not in listed}
    assert not missing


def test_every_listed_flag_exists() -> None:
    table = [
        line
        for line in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `--")
    ]
    named = {word.strip("`|,").split()[0] for line in table for word in line.split("|")[1].split(", ")}
    assert {name.strip(" `") for name in named} <= ALL_FLAGS | LAUNCHER_FLAGS
    launcher = (ROOT / "launch.py").read_text(encoding="utf-8")
    assert all(f'"{flag}"' in launcher for flag in LAUNCHER_FLAGS)


def test_the_pictures_of_the_readme_are_there_and_small() -> None:
    pictures = re.findall(r"!\[.*?\]\((assets/.*?)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {"assets/screenshot.png", "assets/memory.svg"} <= set(pictures)
    for picture in pictures:
        assert 0 < (ROOT / picture).stat().st_size < 300_000


COMMANDS = (
    "ask",
    "bench",
    "chats",
    "doctor",
    "eval",
    "library",
    "mcp",
    "memory",
    "merge",
    "models",
    "plan",
    "prepare",
    "serve",
    "split",
    "text",
    "train",
)
HELPS = """
import contextlib, io, json, sys
from app.cli import main

for line in sys.stdin:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            main(json.loads(line))
        except SystemExit as end:
            assert not end.code, line
    assert "ahn-chat" in printed.getvalue(), line
    heavy = {"torch", "transformers", "gradio", "numpy"} & set(sys.modules)
    assert not heavy, f"{line} imports {heavy}"
    print(line, end="")
"""


def test_help_and_version_answer_without_heavy_imports() -> None:
    """All in one process: the first that imports too much is named."""
    asked = [["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)]
    lines = "".join(f"{json.dumps(arguments)}\n" for arguments in asked)
    done = subprocess.run(
        [sys.executable, "-c", HELPS], input=lines, capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == lines


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"ahn-chat {__version__}\n"


def test_python_m_app_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout == f"ahn-chat {__version__}\n"


# ---- refusals: one sentence, status 2, nothing started


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "add --auth user:password"),
        (["--host", "192.168.1.5"], "add --auth user:password"),
        (["--host", "::"], "add --auth user:password"),
        (["--host", "my-computer"], "add --auth user:password"),
        (["--port", "65536"], "0 to 65535"),
        (["--port", "-1"], "0 to 65535"),
        (["--max-upload-mb", "0"], "at least 1"),
        (["--auth", "user"], "as in --auth user:password"),
        (["--auth", ":secret"], "as in --auth user:password"),
        (["--auth", "user:"], "as in --auth user:password"),
        (["--api", "--api-key", "short"], "8 or more"),
        (["--api", "--api-conversations", "0"], "--api-conversations is 0"),
        (["serve", "--api-documents", "-1"], "--api-documents is -1"),
        (["serve", "--port", "65536"], "0 to 65535"),
    ],
)
def test_refused(
    arguments: list[str],
    sentence: str,
    data_dir: Path,
    capsys: pytest.CaptureFixture[str],
    page: dict[str, Any],
) -> None:
    assert cli.main(arguments) == 2
    message = capsys.readouterr().err
    assert sentence in message
    assert message.startswith("ahn-chat: ") and message.count("\n") == 1
    assert page == {} and list(data_dir.iterdir()) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_loopback_needs_no_login(host: str) -> None:
    assert Options(data_dir=Path("/x"), host=host).auth is None


def test_a_wider_host_with_a_login_is_allowed() -> None:
    assert Options(data_dir=Path("/x"), host="0.0.0.0", auth=options.parse_auth("me:a:b")).auth == (
        "me",
        "a:b",
    )


def test_a_data_folder_that_is_a_file_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], page: dict[str, Any]
) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["--data-dir", str(tmp_path / "file")]) == 1
    message = capsys.readouterr().err
    assert "cannot be written to" in message and "--data-dir" in message and message.count("\n") == 1
    assert page == {}


def test_processes_may_begin_in_one_data_folder_at_the_same_time(tmp_path: Path) -> None:
    """As `accelerate launch` starts them."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(paths.prepare, [tmp_path / "data"] * 400))  # raises what a call raised
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["ask", "a.txt", "When?", "--window", "4096.5"],
            "'4096.5' is not a whole number, so nothing was begun",
        ),
        (["ask", "a.txt", "When?", "--temperature", "warm"], "'warm' is not a number"),
        (["ask", "a.txt", "When?", "--top-p", "nan"], "'nan' is no finite number"),
        (["--port", "80.5"], "'80.5' is not a whole number"),
        (["library", "search", "pump", "--limit", "many"], "'many' is not a whole number"),
    ],
)
def test_a_flag_that_is_no_number_says_so(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err


# ---- the page


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page was started with; nothing listens."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr("app.ui.launch_app", lambda load, **settings: seen.update(load=load, **settings) or 0)
    for name in ("AHN_CHAT_HOME", "AHN_HOME", "AHN_CHAT_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # so that what the command sets is undone
    return seen


def test_a_signal_shows_in_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: dict[str, Any]
) -> None:
    monkeypatch.setattr("app.ui.launch_app", lambda load, **settings: 15)
    assert cli.main(["--data-dir", str(tmp_path), "--no-browser"]) == 143


def test_the_page_gets_what_was_chosen(tmp_path: Path, page: dict[str, Any]) -> None:
    arguments = [
        "--port",
        "9000",
        "--no-browser",
        "--auth",
        "me:secret",
        "--host",
        "0.0.0.0",
        "--max-upload-mb",
        "5",
    ]
    arguments += ["--data-dir", str(tmp_path / "new"), "--model", "some/Model-3B", "--offline"]
    assert cli.main(arguments) == 0
    assert (page["host"], page["port"], page["auth"]) == ("0.0.0.0", 9000, ("me", "secret"))
    assert page["max_upload_bytes"] == 5 * 2**20
    assert page["open_browser"] is False
    assert page["model_name"] == "Model-3B"
    assert os.environ["AHN_CHAT_HOME"] == str(tmp_path / "new") and (tmp_path / "new").is_dir()
    assert os.environ["AHN_CHAT_OFFLINE"] == os.environ["HF_HUB_OFFLINE"] == "1"


def test_the_page_by_default(data_dir: Path, page: dict[str, Any]) -> None:
    assert cli.main([]) == 0
    assert (page["host"], page["port"], page["auth"]) == ("127.0.0.1", 7860, None)
    assert page["max_upload_bytes"] == 200 * 2**20
    assert page["open_browser"] is True
    assert page["model_name"] == "SmolLM2-135M-Instruct"


def test_another_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    cli.announce(Options(Path("/x")), "http://127.0.0.1:7861/?token=x")
    out = capsys.readouterr().out
    assert (
        "Port 7860 is taken, so the page is on port 7861." in out and "http://127.0.0.1:7861/?token=x" in out
    )
    cli.announce(Options(Path("/x")), "http://127.0.0.1:7860/?token=x")
    cli.announce(Options(Path("/x"), port=0), "http://127.0.0.1:40123/?token=x")
    assert "taken" not in capsys.readouterr().out


def test_no_free_port_is_one_sentence(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: dict[str, Any]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr("app.ui.launch_app", refuse)
    assert cli.main([]) == 1
    assert "Nothing can listen on 127.0.0.1, port 7860 and those after it (Address already in use)" in (
        capsys.readouterr().err
    )


# ---- loading


def test_the_embedded_model_offline_and_absent_is_one_sentence(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ahn_core.zoo import ZooError

    monkeypatch.setenv("AHN_CHAT_OFFLINE", "1")
    with pytest.raises(ZooError, match="start once without --offline"):
        startup.load_engine(options.ModelOptions(), data_dir, lambda sentence, fraction=None: None)


def test_assets_lie_in_the_checkout() -> None:
    assert paths.assets_dir() == ROOT / "assets"
