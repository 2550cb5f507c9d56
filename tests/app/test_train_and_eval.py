"""`prepare`, `train`, `memory` and `eval` from the command line, on a tiny base of the same layout as a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from ahn_core import AHNForCausalLM
from app import cli, plots
from app.commands import train
from tests.tiny import save_tiny_base

TEXT = "The mill by the river burned down in 1843, and the miller, Mr Grange, left for the coast.\n" * 40
ROOT = Path(__file__).resolve().parents[2]
TRAINING = ["--steps", "3", "--segment", "128", "--lengths", "192", "--windows", "48,64", "--sinks", "4"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in Hugging Face layout, with a token a byte."""
    return save_tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AHN_CHAT_HOME", "AHN_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def corpus(home: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    text = home / "mill.txt"
    text.write_text(TEXT, encoding="utf-8")
    assert cli.main(["prepare", str(text), "--output", str(home / "corpus"), "--model", str(base)]) == 0
    assert f"{len(TEXT.encode()):,} tokens  mill.txt" in capsys.readouterr().out, "a token a byte"
    return home / "corpus"


def run(home: Path, corpus: Path, base: Path, *more: str) -> int:
    arguments = [
        "--data",
        str(corpus),
        "--output",
        str(home / "run"),
        "--model",
        str(base),
        "--device",
        "cpu",
    ]
    return cli.main(["train", *arguments, *TRAINING, *more])


def metrics(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / train.METRICS).read_text(encoding="utf-8").splitlines()]


def test_from_text_to_a_trained_memory_and_its_figures(
    home: Path, corpus: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(home, corpus, base) == 0
    assert [line["step"] for line in metrics(home / "run")] == [1, 2, 3]
    assert ElementTree.parse(home / "run" / train.LOSS_PLOT).getroot().tag.endswith("svg")
    model = AHNForCausalLM.from_pretrained(base, home / "run" / "ahn", device="cpu")
    assert model.memory_trained
    noted = dict(model.ahn_config.training)
    assert (noted["steps"], noted["windows"], noted["samples"]) == (3, [48, 64], ["mill.txt"])
    checkpoint = AHNForCausalLM.from_pretrained(base, home / "run" / train.CHECKPOINT, device="cpu")
    assert checkpoint.ahn_config == model.ahn_config, "a checkpoint is a memory, too"

    text = str(home / "mill.txt")
    arguments = ["--tokens", "300", "--sinks", "4", "--window", "60", "--bucket", "100", "--device", "cpu"]
    memory = ["--model", str(base), "--ahn", str(home / "run" / "ahn"), "--output", str(home / "figures")]
    capsys.readouterr()
    assert cli.main(["eval", "perplexity", text, *arguments, *memory, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((home / "figures" / "perplexity.json").read_text(encoding="utf-8"))
    (figures,) = report["texts"]
    assert [row["start"] for row in figures["by_distance"]] == [0, 100, 200]
    assert set(figures["cross_entropy"]) == {"full", "window", "ahn"}
    assert "AHN" in (home / "figures" / "mill.svg").read_text(encoding="utf-8")
    assert cli.main(["eval", "perplexity", text, text, *arguments, *memory[:4]]) == 0
    printed = capsys.readouterr().out
    assert "window only" in printed and f"{figures['cross_entropy']['ahn']:.4f}" in printed


def test_what_a_memory_knows_of_each_text(home: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for name, text in (("mill", TEXT), ("well", TEXT.upper()[:249])):
        files.append(str(home / f"{name}.txt"))
        Path(files[-1]).write_text(text, encoding="utf-8")
    sizes = ["--sinks", "4", "--window", "60", "--tokens", "300"]
    arguments = ["eval", "memory", *files, *sizes, "--model", str(base), "--device", "cpu"]
    assert cli.main([*arguments, "--json", "--output", str(home / "figures")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((home / "figures" / "memory.json").read_text(encoding="utf-8"))
    pairs = [(text["name"], text["state_of"], text["tokens"]) for text in report["texts"]]
    assert pairs == [("mill.txt", "well.txt", 249), ("well.txt", "mill.txt", 249)], (
        "as far as base and texts go"
    )
    for text in report["texts"]:
        read_by = text["read_by"]
        assert read_by["own"] == read_by["foreign"] == read_by["window"], "an untrained memory adds nothing"
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "with the state of well.txt" in printed and "known of this text: 0.0%" in printed


def test_training_goes_on_from_its_checkpoint(home: Path, corpus: Path, base: Path) -> None:
    assert run(home, corpus, base, "--save-every", "1") == 0
    files = [home / "run" / "ahn" / name for name in ("config.json", "model.safetensors")]
    done = [file.read_bytes() for file in files]
    with (home / "run" / train.METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"step": 4, "kl": 1.0}) + "\n")  # noted, and killed before the checkpoint
    assert run(home, corpus, base) == 0
    assert [line["step"] for line in metrics(home / "run")] == [1, 2, 3]
    assert [file.read_bytes() for file in files] == done


def test_another_cell_can_be_trained(home: Path, corpus: Path, base: Path) -> None:
    assert run(home, corpus, base, "--cell", "Mamba2", "--steps", "1", "--save-dtype", "float32") == 0
    assert (
        AHNForCausalLM.from_pretrained(base, home / "run" / "ahn", device="cpu").ahn_config.cell == "Mamba2"
    )


def memory_command(base: Path, *words: str | Path) -> int:
    return cli.main(["memory", *map(str, words), "--model", str(base), "--device", "cpu"])


def test_memories_are_begun_trained_averaged_and_converted(home: Path, corpus: Path, base: Path) -> None:
    data = ("--data", corpus)
    assert (
        memory_command(base, "open", home / "begun", *data, "--cell", "DeltaNet", "--save-dtype", "float32")
        == 0
    )
    begun = AHNForCausalLM.from_pretrained(base, home / "begun", device="cpu")
    assert begun.ahn_config.cell == "DeltaNet"
    assert all(not layer.ahn.o_proj.weight.any() for layer in begun.layers), "it adds nothing yet"

    assert run(home, corpus, base, "--ahn", str(home / "begun"), "--natural-rate", "1e-4") == 0
    assert memory_command(base, "average", home / "mean", home / "begun", home / "run" / "ahn") == 0
    trained, mean = (
        AHNForCausalLM.from_pretrained(base, folder, device="cpu").layers[0].ahn.o_proj.weight
        for folder in (home / "run" / "ahn", home / "mean")
    )
    assert trained.any()
    assert (mean - trained / 2).abs().max() <= trained.abs().max() / 256  # of bfloat16

    assert (
        memory_command(base, "convert", home / "other", home / "mean", *data, "--cell", "GatedDeltaNet") == 0
    )
    other = AHNForCausalLM.from_pretrained(base, home / "other", device="cpu")
    assert other.ahn_config.cell == "GatedDeltaNet"
    assert (other.layers[0].ahn.o_proj.weight == mean).all()


def test_two_processes_leave_no_group_behind(home: Path, corpus: Path, base: Path) -> None:
    # A group left to the end of the interpreter aborts a process in every second run.
    program = home / "program.py"
    program.write_text(
        "import os, sys\n"
        "from torch import distributed\n"
        "from app import cli\n"
        "assert os.environ['WORLD_SIZE'] == '2'\n"
        "status = cli.main(sys.argv[1:])\n"
        "assert not distributed.is_initialized()\n"
        "sys.exit(status)\n"
    )
    launch = (
        "-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --main_process_port 0"
    )
    launch += f" --mixed_precision no --dynamo_backend no {program} train --device cpu --threads 1 --batch 2"
    folders = ["--data", str(corpus), "--model", str(base), "--output", str(home / "run")]
    done = subprocess.run(
        [sys.executable, *launch.split(), *folders, *TRAINING],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert AHNForCausalLM.from_pretrained(base, home / "run" / "ahn", device="cpu").memory_trained


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["prepare", "nowhere.txt", "--output", "x"], "nowhere.txt cannot be read"),
        (["train", "--data", "nowhere", "--output", "x"], "no prepared corpus"),
        (["train", "--data", "CORPUS", "--output", "x", "--steps", "0"], "steps is 0"),
        (["train", "--data", "CORPUS", "--output", "x", "--save-every", "0"], "--save-every is 0"),
        (["train", "--data", "CORPUS", "--output", "x", "--cell", "DeltaNet", "--ahn", "y"], "choose one"),
        (["eval", "perplexity", "TEXT", "--tokens", "50", "--window", "64"], "nothing to compare"),
        (["eval", "perplexity", "TEXT", "--bucket", "0"], "--bucket is 0"),
        (["eval", "memory", "TEXT"], "no other text's state"),
        (["memory", "open", "x"], "add --data"),
        (["memory", "open", "x", "--data", "nowhere"], "no prepared corpus"),
        (
            ["memory", "open", "x", "y", "--data", "CORPUS"],
            "takes no memory to start from and was given 1",
        ),
        (["memory", "convert", "x", "--data", "CORPUS"], "takes one memory to start from and was given 0"),
        (["memory", "convert", "x", "y", "--data", "CORPUS"], "there is no folder y"),
        (["memory", "average", "x", "y"], "takes two or more memories to start from and was given 1"),
        (["memory", "average", "x", "y", "z"], "y has no config.json"),
        (["memory", "average", "x", "y", "z", "--cell", "Mamba2"], "leave --cell out"),
        (["memory", "average", "x", "y", "--ahn", "z"], "takes two or more memories"),
        (["memory", "average", "x", "y", "z", "--ahn", "w"], "not as --ahn"),
    ],
)
def test_mistakes_are_one_sentence(
    home: Path,
    corpus: Path,
    base: Path,
    command: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"CORPUS": str(corpus), "TEXT": str(home / "mill.txt"), "x": str(home / "x")}
    command = [places.get(word, word) for word in command]
    assert cli.main([*command, "--model", str(base), "--device", "cpu"]) in (1, 2)
    told = [line for line in capsys.readouterr().err.splitlines() if line != "Loading the model"]
    assert len(told) == 1 and sentence in told[0]
    assert not (home / "x").exists()


def test_figures_without_a_checkpoint_are_not_overwritten(home: Path, corpus: Path, base: Path) -> None:
    (home / "run").mkdir()
    (home / "run" / train.METRICS).write_text("{}\n", encoding="utf-8")
    assert run(home, corpus, base) == 1
    assert (home / "run" / train.METRICS).read_text(encoding="utf-8") == "{}\n"


def test_without_matplotlib_training_says_that_nothing_was_drawn(
    home: Path, corpus: Path, base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plots, "available", lambda: False)
    assert run(home, corpus, base) == 0
    assert "matplotlib is not installed" in capsys.readouterr().out
    assert not (home / "run" / train.LOSS_PLOT).exists()
