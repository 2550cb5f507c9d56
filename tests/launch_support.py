"""What the tests of launch.py share: the script as a module, and a set-up that runs nothing."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]


def load_launch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("launch", ROOT / "launch.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


launch = load_launch()


class FakeSetup(launch.Setup):
    """A set-up whose steps are written down instead of run; `failing` names one that fails."""

    failing = ""
    answers: dict[str, str] = {}  # what the environment says to a line of Python

    def _says(self, code: str) -> str:
        return self.answers.get(code, "")

    def __init__(self, root: Path, plan: launch.Plan) -> None:
        super().__init__(root, plan)
        self.steps: list[list[str]] = []

    def _step(self, name: str, command: list[str]) -> None:
        self.steps.append(command)
        if self.failing and self.failing in name:
            raise launch.SetupError("It failed.")
        if "venv" in command:
            python = launch.venv_python(self.venv)
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)

    @property
    def pip_installs(self) -> list[str]:
        return [command[-1] for command in self.steps if "pip" in command]


def set_up(
    root: Path,
    build: str = "mac",
    testing: bool = False,
    failing: str = "",
    extras: tuple[str, ...] = (),
    no_compiler: bool = False,
    answers: dict[str, str] | None = None,
) -> FakeSetup:
    setup = FakeSetup(root, launch.make_plan(root, build, testing, extras, no_compiler))
    setup.failing, setup.answers = failing, answers or {}
    setup.run()
    return setup
