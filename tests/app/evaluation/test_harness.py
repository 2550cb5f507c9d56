"""The model `ahn` of lm-evaluation-harness gives what the harness's `hf` gives on the same weights.

Skipped where the harness is not installed: with all that it asks for it is larger than the app.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.evaluation.benchmarks import quick
from tests.tiny import save_tiny_base

lm_eval = pytest.importorskip("lm_eval", reason="needs lm-evaluation-harness (pip install lm_eval)")

DATA = Path(__file__).parent / "data" / "harness"


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """Two tasks of the harness over the small texts of our own, with their data beside them."""
    texts = quick.texts()["english"]
    choices = [
        {
            "text": one["text"],
            "question": one["question"],
            "options": [one["answer"], *one["others"]],
            "answer": 0,
        }
        for one in texts
    ]
    answers = [{"text": one["text"], "question": one["question"], "answer": one["answer"]} for one in texts]
    folder = tmp_path / "tasks"
    folder.mkdir()
    for name, lines in (("CHOICES", choices), ("ANSWERS", answers)):
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8"
        )
    for path in DATA.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for name in ("CHOICES", "ANSWERS"):
            text = text.replace(name, str(tmp_path / f"{name}.jsonl"))
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def results(model: str, arguments: str, tasks: Path) -> Any:
    import app.evaluation.harness  # noqa: F401  (registers the model)

    found = lm_eval.simple_evaluate(
        model=model,
        model_args=arguments,
        tasks=["mill_choice", "mill_answer"],
        task_manager=lm_eval.tasks.TaskManager(include_path=str(tasks)),
        device="cpu",
        bootstrap_iters=0,
    )
    return found


@pytest.mark.parametrize("memory", ["full", "window", "ahn"])
def test_results_are_those_of_transformers(
    memory: str, tasks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    base = save_tiny_base(tmp_path, max_position_embeddings=2048)
    ours = results("ahn", f"base={base},memory={memory},sinks=4,window=2000,dtype=float32", tasks)
    theirs = results("hf", f"pretrained={base},dtype=float32", tasks)
    assert ours["results"] == theirs["results"]
    for task in ("mill_choice", "mill_answer"):
        for own, other in zip(ours["samples"][task], theirs["samples"][task], strict=True):
            if task == "mill_answer":
                assert own["resps"] == other["resps"]
            else:
                pairs = zip(own["resps"], other["resps"], strict=True)
                for [(likelihood, greedy)], [(their_likelihood, theirs_greedy)] in pairs:
                    assert likelihood == pytest.approx(float(their_likelihood), abs=1e-3)
                    assert greedy == theirs_greedy or str(greedy) == str(theirs_greedy)
