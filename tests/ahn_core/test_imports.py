"""Imports go one way, and the core needs neither the page nor the GPU packages."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", sorted((ROOT / "ahn_core").rglob("*.py")), ids=lambda path: path.name)
def test_the_core_never_imports_the_app(path: Path) -> None:
    assert not imported(path) & {"app", "gradio"}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "app").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_only_the_page_imports_gradio(path: Path) -> None:
    if "ui" not in path.relative_to(ROOT).parts:
        assert "gradio" not in imported(path)


def test_the_page_opens_before_torch_is_there() -> None:
    """The page is up in seconds because the model core is imported behind it."""
    code = "import sys, app.conversation; assert not {'torch', 'transformers'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def run_with_absent(absent: list[str], program: str) -> subprocess.CompletedProcess[str]:
    block = f"import sys\nfor name in {absent!r}: sys.modules[name] = None\n"
    return subprocess.run(
        [sys.executable, "-c", block + program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_core_runs_without_gpu_packages_and_page() -> None:
    program = (
        "from tests.tiny import tiny_model\nimport torch\n"
        "model = tiny_model(); cache = model.make_cache('ahn', attention_sinks=2, sliding_window=4)\n"
        "print(model(torch.arange(30)[None], past_key_values=cache).logits.shape)"
    )
    done = run_with_absent(["fla", "mamba_ssm", "triton", "gradio", "app", "matplotlib"], program)
    assert done.returncode == 0, done.stderr
    assert "[1, 30, 259]" in done.stdout


def test_naming_the_package_costs_no_torch() -> None:
    done = run_with_absent(
        [], "import ahn_core, ahn_core.zoo; print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    assert done.stdout.split() == ["False", "False"], done.stderr
