"""Set AHN Chat up beside this file, then start it.

    python launch.py                    makes .venv, installs the app, opens the page
    python launch.py ask FILE QUESTION  the same for one question; all arguments go to the app (see --help)
    python launch.py test [...]         installs the test tools and runs the tests; arguments go to pytest

    --with ocr,sense                    also installs these extras of pyproject.toml; later starts keep them
    --no-compiler                       fetches no C++ compiler where none is installed; later starts keep to it

Standard library only, and old syntax only: an old Python has to get far enough to say that it is too old.
"""

import errno
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import List, NamedTuple, Optional, Tuple  # noqa: UP035

from app.launching import (
    answers,
    explain,
    forget_removed,
    pip_environment,
    remove_whole,
    setup_lock,
    shared_tests,
    step_line,
    this_python,
)

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 10)
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CPU_INDEX_TIMEOUT = 5.0  # seconds
ANSWER_TIMEOUT = 60.0  # seconds, for a question to the environment: torch is slow to import the first time
FIND_COMPILER = "from ahn_core.native import compilers as c; f = c.find(); print(f.name if f else 'none')"
TORCH_CUDA = "import torch; print(torch.version.cuda or torch.version.hip or 'none')"
NEEDED_BYTES = {
    "cpu": 3 * 10**9,
    "gpu": 12 * 10**9,
    "mac": 3 * 10**9,
}  # packages, their cache, the embedded model
COMPILER = "ziglang"  # clang out of a package, for every system
COMPILER_SIZE = "100 MB to fetch, 410 MB on disk"
TORCH_PAGE = "https://pytorch.org/get-started/locally/"


class SetupError(Exception):
    """The set-up cannot go on; the message is one sentence for the user."""


class Plan(NamedTuple):
    """What has to be in the environment. `build` is "cpu", "gpu" or "mac": which PyTorch, and what comes with it."""

    key: str
    build: str
    extras: Tuple[str, ...]
    no_compiler: bool = False  # the user wants none to be fetched


class State(NamedTuple):
    """What .venv says about itself; `complete` is False from the first file until all is installed."""

    key: str
    build: str
    extras: Tuple[str, ...]
    python: str
    complete: bool
    no_compiler: bool = False

    def satisfies(self, plan: Plan) -> bool:
        return self.complete and self.key == plan.key and set(plan.extras) <= set(self.extras)


class Wishes(NamedTuple):
    """What of the arguments is for this script, and what is the app's."""

    extras: Tuple[str, ...]
    no_compiler: bool
    rest: List[str]


def read_wishes(arguments: List[str], known: Tuple[str, ...]) -> Wishes:
    """Take --with and --no-compiler out of the arguments. Raises SetupError: an extra that is not `known`."""
    extras: List[str] = []
    no_compiler = False
    rest: List[str] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if word == "--":
            rest += [word] + left
            break
        if word == "--no-compiler":
            no_compiler = True
        elif word == "--with" or word.startswith("--with="):
            names = word[len("--with=") :] if "=" in word else (left.pop(0) if left else "")
            extras += [name.strip() for name in names.split(",") if name.strip()]
            if not names or names.startswith("-"):
                raise SetupError(f"--with needs names of extras: choose among {', '.join(known)}.")
        else:
            rest.append(word)
    unknown = [name for name in extras if name not in known]
    if unknown:
        raise SetupError(
            f"'{unknown[0]}' is no extra of AHN Chat, so nothing is installed: choose among {', '.join(known)}."
        )
    return Wishes(tuple(dict.fromkeys(extras)), no_compiler, rest)


def known_extras(root: Path) -> Tuple[str, ...]:
    """The names under [project.optional-dependencies], without a reader of TOML, which an old Python lacks."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    part = text.partition("[project.optional-dependencies]")[2]
    part = re.split(r"^\[", part, maxsplit=1, flags=re.MULTILINE)[0]
    return tuple(sorted(re.findall(r"^([A-Za-z0-9_-]+)\s*=", part, re.MULTILINE)))


# ---- what is wanted, what is there


def torch_build(system: str, has_nvidia: bool) -> str:
    """Which PyTorch suits this machine; on Windows the package index has the CPU's alone."""
    if system == "Darwin":
        return "mac"
    return "gpu" if has_nvidia and system == "Linux" else "cpu"


def has_nvidia_gpu() -> bool:
    """Whether an NVIDIA driver is installed."""
    return shutil.which("nvidia-smi") is not None or os.path.exists("/proc/driver/nvidia")


def make_plan(
    root: Path, build: str, testing: bool, extras: Tuple[str, ...] = (), no_compiler: bool = False
) -> Plan:
    """The plan for this checkout and this kind of PyTorch.

    The key covers the folder too: an environment that was moved or copied still points at the old one.
    """
    digest = hashlib.sha256((root / "pyproject.toml").read_bytes())
    digest.update(f"{root}\n{build}".encode())
    wanted = (["gpu"] if build == "gpu" else []) + (["test"] if testing else []) + list(extras)
    return Plan(digest.hexdigest(), build, tuple(dict.fromkeys(wanted)), no_compiler)


def state_file(venv: Path) -> Path:
    return venv / "ahn-chat.json"


def read_state(venv: Path) -> Optional[State]:
    """What `write_state` left, None where there is no such file or it was cut short."""
    try:
        values = json.loads(state_file(venv).read_text(encoding="utf-8"))
        extras = tuple(values["extras"])
        declined = bool(values.get("no_compiler", False))
        return State(values["key"], values["build"], extras, values["python"], values["complete"], declined)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_state(venv: Path, state: State) -> None:
    text = json.dumps(state._asdict())
    temporary = venv / "ahn-chat.json.new"
    temporary.write_text(text, encoding="utf-8")
    os.replace(str(temporary), str(state_file(venv)))


def venv_python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def version_of(python: Path) -> str:
    """Version of that Python, as "3.11"; "" where it does not run, as one for another machine."""
    command = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        found = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=ANSWER_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip()


def works(venv: Path, state: State) -> bool:
    """Whether the environment's Python is still there, and still the version its packages were installed for."""
    python = venv_python(venv)
    # It does not exist either where the Python that it links to was removed.
    return python.exists() and (state.python == this_python() or state.python == version_of(python))


def torch_requirement(root: Path) -> str:
    """The requirement on torch as pyproject.toml has it."""
    found = re.search(
        r'^\s*"(torch[<>=!~][^"]*)"', (root / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    if found is None:
        raise SetupError("pyproject.toml names no version of torch: get a fresh copy of this folder.")
    return found.group(1)


# ---- setting up


class Setup:
    """Makes or mends `root`/.venv so that it satisfies `plan`, telling in one line each what it does."""

    def __init__(self, root: Path, plan: Plan) -> None:
        self.root = root
        self.plan = plan
        self.venv = root / ".venv"
        self.log = root / "launch.log"

    def run(self) -> None:
        """Raises SetupError: Python incomplete, no network, disk full, folder not writable, or what pip said."""
        started = time.monotonic()
        state = read_state(self.venv)
        extras, declined = self._remembered(state)
        reason = None if state is None else self._why_anew(state)
        if reason is not None:
            print(f"The environment in .venv {reason}, so it is made anew.", flush=True)
            remove_whole(self.venv)
            state = None
        self.log.write_text("", encoding="utf-8")
        if state is None:
            print("Setting up AHN Chat; this happens once and takes some minutes.", flush=True)
            forget_removed(self.venv)
            self._check_disk()
            self._make_venv()
        python = version_of(venv_python(self.venv))
        unfinished = State(self.plan.key, self.plan.build, extras, python, False, declined)
        write_state(self.venv, unfinished)
        try:
            if state is None or state.key != self.plan.key:
                self._install_torch()
            project = f".[{','.join(extras)}]" if extras else "."
            self._pip("Installing AHN Chat and its packages", ["--editable", project])
        except SetupError:
            if state is not None:
                write_state(
                    self.venv, state
                )  # pip refused before it changed anything: what worked still does
            raise
        write_state(self.venv, unfinished._replace(complete=True))
        if state is None or state.key != self.plan.key:
            self._install_compiler(declined)
            self._check_gpu()
        print(f"Ready after {time.monotonic() - started:.0f} s.", flush=True)

    def _remembered(self, state: Optional[State]) -> Tuple[Tuple[str, ...], bool]:
        """The extras to install and whether a compiler is declined, now or at an earlier start."""
        if state is None:
            return tuple(sorted(self.plan.extras)), self.plan.no_compiler
        kept = set(state.extras)
        if self.plan.build != "gpu":
            kept.discard("gpu")
        return tuple(sorted(kept | set(self.plan.extras))), self.plan.no_compiler or state.no_compiler

    def _install_compiler(self, declined: bool) -> None:
        """Fetch a C++ compiler where there is none and the CPU computes; the app does without, if slower."""
        if self.plan.build == "gpu" or declined or self._says(FIND_COMPILER) != "none":
            return
        print(
            f"No C++ compiler is installed. The package {COMPILER} brings one ({COMPILER_SIZE}): answers then come up "
            "to three times as fast. --no-compiler does without; once an answer was given you may remove it again "
            f"({venv_python(self.venv)} -m pip uninstall {COMPILER}).",
            flush=True,
        )
        try:
            self._pip(f"Installing {COMPILER}", [COMPILER])
        except SetupError as error:
            print(f"The app works without a compiler, but slower: {error}", flush=True)

    def _check_gpu(self) -> None:
        """Say so where an NVIDIA GPU is here and the PyTorch that was installed cannot use it."""
        if not has_nvidia_gpu() or self._says(TORCH_CUDA) != "none":
            return
        print(
            "An NVIDIA GPU is here, but PyTorch's package for this system computes on the CPU alone, and so will the "
            f"app. To use the GPU, choose CUDA on {TORCH_PAGE} and run its command with {venv_python(self.venv)} -m "
            "pip in the place of pip3, with --upgrade --force-reinstall; later starts keep it.",
            flush=True,
        )

    def _says(self, code: str) -> str:
        """What a line of Python prints in the environment; "" where it fails."""
        command = [str(venv_python(self.venv)), "-c", code]
        try:
            found = subprocess.run(
                command,
                cwd=str(self.root),
                env=pip_environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                timeout=ANSWER_TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            return ""
        return found.stdout.strip()

    def _why_anew(self, state: State) -> Optional[str]:
        if not state.complete:
            return "was not finished"
        if state.build != self.plan.build:
            return "is for another kind of PyTorch"
        return None if works(self.venv, state) else "has lost its Python"

    def _check_disk(self) -> None:
        free = shutil.disk_usage(str(self.root)).free
        needed = NEEDED_BYTES[self.plan.build]
        if free < needed:
            raise SetupError(
                f"The set-up needs about {needed / 1e9:.0f} GB of free disk space and {self.root} has "
                f"{free / 1e9:.1f} GB: free some, or move this folder to a larger disk."
            )

    def _make_venv(self) -> None:
        if self.venv.exists():
            if not venv_python(self.venv).exists():
                raise SetupError(
                    f"There is a folder {self.venv} that is no Python environment: remove it, and start again."
                )
            return  # the user's own: used, not replaced
        if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
            raise SetupError(
                "This Python cannot make environments (venv or ensurepip is missing): on Debian and Ubuntu run "
                f"'sudo apt install python{this_python()}-venv', elsewhere install Python from python.org, and start "
                "again."
            )
        self.venv.mkdir()
        write_state(self.venv, State(self.plan.key, self.plan.build, (), this_python(), False))
        self._step("Making an environment in .venv", [sys.executable, "-m", "venv", str(self.venv)])

    def _install_torch(self) -> None:
        arguments = [torch_requirement(self.root)]
        name = "Installing PyTorch"
        if (
            self.plan.build == "cpu" and platform.system() == "Linux"
        ):  # elsewhere the default build is the CPU's
            if answers(CPU_INDEX + "/", CPU_INDEX_TIMEOUT):
                arguments += ["--extra-index-url", CPU_INDEX]
                name += " for the CPU"
            else:
                print(
                    f"PyTorch's index of CPU builds ({CPU_INDEX}) does not answer, so the default build is installed; "
                    "it may bring GPU libraries of several GB that are not used.",
                    flush=True,
                )
        self._pip(name, arguments)

    def _pip(self, name: str, arguments: List[str]) -> None:
        pip = [
            str(venv_python(self.venv)),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
        ]
        self._step(name, pip + ["--progress-bar=off"] + arguments)

    def _step(self, name: str, command: List[str]) -> None:
        """Run `command` with its output in the log; a line tells the name and the seconds. Raises SetupError.

        However long it takes: some GB may come over a slow line, pip has time-outs of its own, and Ctrl+C ends it.
        """
        started = time.monotonic()
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(command)}\n".encode())
            log.flush()
            begin = log.tell()
            child = subprocess.Popen(
                command,
                cwd=str(self.root),
                env=pip_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                with step_line(name) as show:
                    while True:
                        try:
                            child.wait(timeout=0.5)
                            break
                        except subprocess.TimeoutExpired:
                            show(time.monotonic() - started)
                    show(time.monotonic() - started)
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
        if child.returncode != 0:
            text = self.log.read_bytes()[begin:].decode("utf-8", "replace")
            raise SetupError(f"{explain(name, text, self.root)} Details are in {self.log}.")


def ensure_environment(
    root: Path, testing: bool, extras: Tuple[str, ...] = (), no_compiler: bool = False
) -> Path:
    """The Python of an environment that has everything; set up first where needed. Raises SetupError."""
    venv = root / ".venv"
    python = venv_python(venv)
    plan = make_plan(root, torch_build(platform.system(), has_nvidia_gpu()), testing, extras, no_compiler)

    def ready() -> bool:
        state = read_state(venv)
        return state is not None and state.satisfies(plan) and works(venv, state)

    try:
        if ready():
            if no_compiler:
                _decline_compiler(venv)
            return python
        with setup_lock(root):
            if not ready():  # another set-up may have finished meanwhile
                Setup(root, plan).run()
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise SetupError("The disk is full: free some space, and start again.") from error
        raise SetupError(
            f"The folder {root} cannot be written to ({error.strerror or error}): close AHN Chat where it runs out of "
            "it, or copy the folder to one of your own, and start there."
        ) from error
    return python


def _decline_compiler(venv: Path) -> None:
    """Note in a finished environment that no compiler is wanted, for the set-ups to come."""
    state = read_state(venv)
    if state is not None and not state.no_compiler:
        write_state(venv, state._replace(no_compiler=True))


# ---- starting


def start_app(python: Path, arguments: List[str]) -> int:
    """Run the installed command in this process's place, where the system can; returns its exit status."""
    # The script, not `-m app`: that would look in the current folder first, where another `app` may lie.
    if os.name == "nt":
        return subprocess.call([str(python.with_name("ahn-chat.exe"))] + arguments)
    os.execv(str(python), [str(python), str(python.with_name("ahn-chat"))] + arguments)
    raise AssertionError("execv does not return")


PREPARE = """
import sys
from ahn_core import zoo
from app import paths
if not zoo.embedded_is_ready(paths.data_dir()):
    print("Fetching the embedded model for its tests ...", flush=True)
    try:
        zoo.embedded_path(paths.data_dir())
    except zoo.ZooError as error:
        print("The tests of the embedded model will be skipped:", error, flush=True)
"""


def run_tests(python: Path, arguments: List[str]) -> int:
    """Prepare the embedded model where the network allows, run pytest, and return its exit status.

    Neither has a time-out: whoever watches them ends them.
    """
    subprocess.call([str(python), "-c", PREPARE], cwd=str(ROOT))
    return subprocess.call([str(python), "-m", "pytest"] + shared_tests(arguments), cwd=str(ROOT))


def main(arguments: List[str]) -> int:
    """Returns the exit status."""
    if sys.version_info < OLDEST_PYTHON:
        print(
            f"AHN Chat needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer and this is "
            f"{platform.python_version()}: install one from python.org, and start with it.",
            file=sys.stderr,
        )
        return 1
    try:
        wishes = read_wishes(arguments, known_extras(ROOT))
        testing = wishes.rest[:1] == ["test"]
        python = ensure_environment(ROOT, testing, wishes.extras, wishes.no_compiler)
        return run_tests(python, wishes.rest[1:]) if testing else start_app(python, wishes.rest)
    except SetupError as error:
        print(f"launch.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
