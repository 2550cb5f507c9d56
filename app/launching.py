"""What launch.py needs to run a step of its set-up and to say how it went.

Standard library only, and old syntax only, as launch.py itself.
"""

import contextlib
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Optional  # noqa: UP035


def this_python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def pip_environment() -> Dict[str, str]:
    """The user's environment less what would send packages elsewhere than into .venv."""
    hidden = {
        "PIP_USER",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PYTHONHOME",
        "PYTHONPATH",
        "__PYVENV_LAUNCHER__",
    }
    return {name: value for name, value in os.environ.items() if name not in hidden}


@contextlib.contextmanager
def step_line(name: str) -> Iterator:
    """A line "name ... 12 s": counted up on a terminal, printed once at the end elsewhere."""
    seconds = [0.0]
    terminal = sys.stdout.isatty()

    def show(elapsed: float) -> None:
        seconds[0] = elapsed
        if terminal:
            sys.stdout.write(f"\r  {name} ... {elapsed:.0f} s")
            sys.stdout.flush()

    if not terminal:
        sys.stdout.write(f"  {name} ...")
        sys.stdout.flush()
    try:
        yield show
    finally:
        sys.stdout.write("\n" if terminal else f" {seconds[0]:.0f} s\n")
        sys.stdout.flush()


def answers(url: str, timeout: float) -> bool:
    """Whether a server answers at `url`. A certificate this Python does not know counts: pip may know it."""
    import http.client  # here, since importing these takes longer than a second start
    import ssl
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=timeout):
            return True
    except urllib.error.URLError as error:
        return isinstance(getattr(error, "reason", None), ssl.SSLError)
    except (OSError, http.client.HTTPException):  # the line broke off, or what answers speaks no HTTP
        return False


def explain(step: str, log: str, root: Path) -> str:
    """Why a step failed, in one sentence, from what it wrote."""
    version = this_python()
    if "No space left on device" in log or "Errno 28" in log or "WinError 112" in log:
        free = shutil.disk_usage(str(root)).free
        return f"The disk is full ({free / 1e9:.1f} GB left): free some space, and start again."
    if re.search(
        r"NewConnectionError|NameResolutionError|Max retries|ConnectTimeout|ReadTimeout|ProxyError", log
    ):
        return (
            "The package index cannot be reached: check the network or pip's proxy settings, and start again."
        )
    if "No matching distribution found for torch" in log:
        return f"There is no PyTorch for Python {version} on this system: start with another Python, 3.10 to 3.14."
    if "ensurepip" in log and "venv" in log:
        return (
            f"This Python cannot make environments: on Debian and Ubuntu run 'sudo apt install python{version}-venv', "
            "and start again."
        )
    if "Permission denied" in log or "Errno 13" in log:
        return f"A file could not be written, for lack of permission: check who owns {root}, and start again."
    said = re.findall(r"^\s*(?:ERROR: (.+)|(\w+Error: .+))$", log, re.MULTILINE)
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    reason = "".join(said[-1]) if said else (lines or ["no reason was given"])[-1]
    return f"{step} failed ({reason.strip().rstrip('.')})."


def remove_whole(folder: Path) -> None:
    """Remove a folder, all of it or nothing: Windows lets nobody rename one in which a program is running.

    Raises OSError where something of it is in use, or it may not be written to.
    """
    forget_removed(folder)
    os.replace(str(folder), str(_leaving(folder)))
    shutil.rmtree(str(_leaving(folder)))


def forget_removed(folder: Path) -> None:
    """Remove what is left of a removal that was interrupted."""
    shutil.rmtree(str(_leaving(folder)), ignore_errors=True)


def _leaving(folder: Path) -> Path:
    return folder.with_name(folder.name + ".old")


@contextlib.contextmanager
def setup_lock(root: Path) -> Iterator:
    """Let one set-up run at a time; the system frees the lock when its process ends. Raises OSError: not writable."""
    with (root / ".launch.lock").open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:  # it gives up after ten seconds
                    continue
        else:
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("Another set-up is running in this folder; waiting for it.", flush=True)
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def usable_cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shared_tests(arguments: List[str], cores: Optional[int] = None) -> List[str]:
    """pytest's arguments, with those that let several processes share the tests.

    Only for the whole suite: where tests are named, or short flags are given, pytest gets what the user wrote.
    """
    cores = usable_cores() if cores is None else cores
    plain = all(word.startswith("--") and word not in ("--pdb", "--trace") for word in arguments)
    return ["-n", str(min(cores, 4))] + arguments if plain and cores > 1 else arguments
