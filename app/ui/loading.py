"""Bringing up the engine while the page is already open."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ahn_core.config import ConfigError
from ahn_core.weights.errors import LoadError
from ahn_core.zoo import ZooError
from app.models.loading import LoadReport, why_not_loaded
from app.store import StoreError
from app.ui.views.status import Loading

if TYPE_CHECKING:
    from app.conversation import Engine

EXPECTED = (ConfigError, LoadError, StoreError, ZooError)
log = logging.getLogger(__name__)


LoadEngine = Callable[[LoadReport], "Engine"]


class EngineLoader:
    """Runs a loader in a thread of its own; `state` and `engine` may be read from any thread at any time."""

    def __init__(self, load: LoadEngine) -> None:
        self._load = load
        self._thread = threading.Thread(target=self._run, name="load-model", daemon=True)
        self.state = Loading()
        self.engine: Engine | None = None

    def start(self) -> None:
        self._thread.start()

    def switch(
        self, load: LoadEngine, sentence: str, detach: Callable[[], None], ended: Callable[[str], None]
    ) -> None:
        """Go on with another engine. The present one is closed first: two models would take twice the memory.

        sentence: what is shown meanwhile. detach: called at once, when nobody gets the present engine any more; lets
        go of what belongs to it. ended: called in the end, with why the other one could not be loaded, "" where it
        could; the one before is loaded again then. Call it when loading has ended.
        """
        before, self.engine = self.engine, None
        self.state = Loading(sentence)
        detach()
        self._thread = threading.Thread(
            target=self._switch, args=(before, load, ended), name="load-model", daemon=True
        )
        self._thread.start()

    def _switch(self, before: Engine | None, load: LoadEngine, ended: Callable[[str], None]) -> None:
        if before is not None:
            before.close()
        del before
        gc.collect()  # the old weights go before the new ones come
        old, self._load = self._load, load
        self._run()
        error = self.state.error
        if error:
            self._load = old
            self._run()
        ended(error)

    def _report(self, sentence: str, fraction: float | None = None) -> None:
        self.state = Loading(sentence, fraction)

    def _run(self) -> None:
        try:
            self.engine = self._load(self._report)
        except Exception as error:
            # Whatever went wrong, the page has to say so: a thread that ends in silence would leave it waiting.
            if isinstance(error, EXPECTED):  # its sentence is all there is to know
                log.error("The model could not be loaded: %s", error)
            else:
                log.exception("The model could not be loaded.")
            self.state = Loading(error=why_not_loaded(error))
        else:
            self.state = Loading(ready=True)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the loader ended; True where the engine is there."""
        self._thread.join(timeout)
        return self.engine is not None
