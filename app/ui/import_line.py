"""Files that were added together come into their chat one after another, in the order that their cards show."""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.ui.ingest import Import
    from app.ui.session import Tab


def put_in_line(tab: Tab, entry: Import) -> None:
    """Let a file wait for those before it; a thread takes them one by one and ends with the last."""
    with tab.lock:
        tab.imports.append(entry)
        if tab.importing is None and entry.waiting:
            work = copy_context().run  # in the tab's language
            tab.importing = threading.Thread(target=work, args=(_work, tab), name="imports", daemon=True)
            tab.importing.start()


def _work(tab: Tab) -> None:
    while True:
        with tab.lock:
            entry = next((entry for entry in tab.imports if entry.waiting), None)
            if entry is None:
                tab.importing = None
                return
            entry.begin()
        entry.run()
        tab.wake()


def move(tab: Tab, data: dict[str, Any]) -> None:
    """Let a file that waits change places with the one that waits before it (`earlier`) or after it."""
    with tab.lock:
        waiting = [place for place, entry in enumerate(tab.imports) if entry.waiting]
        here = next((n for n, place in enumerate(waiting) if tab.imports[place].id == data["importId"]), None)
        if here is None:
            return
        other = here - 1 if data["earlier"] else here + 1
        if 0 <= other < len(waiting):
            one, two = waiting[here], waiting[other]
            tab.imports[one], tab.imports[two] = tab.imports[two], tab.imports[one]


def dismiss(tab: Tab, data: dict[str, Any]) -> None:
    """Take a file out of the line, or its card away; one that is being read ends soon."""
    with tab.lock:
        dismissed = [entry for entry in tab.imports if entry.id == data["importId"]]
        tab.imports = [entry for entry in tab.imports if entry.id != data["importId"]]
    for entry in dismissed:
        entry.cancel()
