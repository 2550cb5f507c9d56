"""The models' tab: what is shown of it, and what is done there: fetching, removing, changing the model."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.conversation import ChatError
from app.models.errors import ModelError
from app.models.loading import changing_to
from app.ui.views import markup as m
from app.ui.views import models as view
from app.ui.words.below import told_in
from app.ui.words.models import MODELS
from app.ui.words.server import SERVER
from app.ui.words.translated import speaking

if TYPE_CHECKING:
    from app.conversation import Engine
    from app.models.desk import ModelDesk, Named
    from app.ui.loading import EngineLoader
    from app.ui.session import Tab, Tabs


@dataclass
class ModelsState:
    """What the models' tab shows. costs: the model whose costs are shown; asking: the one about to be deleted."""

    context: int = view.DEFAULT_CONTEXT
    costs: str = ""
    asking: str = ""
    own_memory: str = ""


class ModelActions:
    """What is done with models. desk None: the page was started with one model and nothing else."""

    def __init__(self, desk: ModelDesk | None, loader: EngineLoader, tabs: Tabs) -> None:
        self._desk, self._loader, self._tabs = desk, loader, tabs
        self._weights: tuple[Callable[[], Engine | None], int] = (lambda: None, 0)  # held weakly: it may go

    def acts(self) -> dict[str, Callable[[Tab, dict[str, Any]], None]]:
        """The handlers by the action that they are of."""
        return {
            "models-shown": self._shown,
            "plan-context": self._context,
            "show-costs": lambda tab, data: setattr(_state(tab), "costs", data["model"]),
            "get-model": self._get,
            "cancel-model": lambda tab, data: self._given().cancel(data["model"]),
            "ask-remove-model": lambda tab, data: setattr(_state(tab), "asking", data["model"]),
            "keep-model": lambda tab, data: setattr(_state(tab), "asking", ""),
            "remove-model": self._remove,
            "use-model": lambda tab, data: self._use(tab, self._given().named(data["model"])),
            "own-model": lambda tab, data: None,
            "own-memory": lambda tab, data: setattr(_state(tab), "own_memory", data["value"].strip()[:500]),
            "use-own-model": self._use_own,
        }

    def moving(self, tab: Tab) -> bool:
        """Whether this tab shows a download that runs."""
        if self._desk is None or tab.models is None:
            return False
        return any(fetch.running for fetch in self._desk.fetching.states().values())

    def parts(self, tab: Tab, engine: Engine | None, *, due: bool) -> dict[str, str]:
        """The parts of the page that are about models. due: those that change rarely, too."""
        drawn = {"models": self.draw(tab, engine)}
        if due and self._desk is not None:
            drawn["model-name"] = m.text(self._desk.title(self._desk.in_use))
            new = tab.chat is not None and not tab.chat.turns and not tab.chat.documents
            drawn["offer"] = view.offer(self.offer(engine) if new else "")
        return drawn

    def draw(self, tab: Tab, engine: Engine | None) -> str:
        """The table as it is now; "" while its tab is not open."""
        state = tab.models
        if state is None or self._desk is None:
            return ""
        lines = self._desk.lines(state.context, known_rates(engine), self._model_bytes(engine))
        return view.table(lines, costs=state.costs, asking=state.asking)

    def offer(self, engine: Engine | None) -> str:
        """The name of a larger model that suits this machine and was not chosen yet, for the first page; "" else."""
        if self._desk is None or engine is None or self._desk.in_use.model != "embedded":
            return ""
        suggested = self._desk.suggested(known_rates(engine), self._model_bytes(engine))
        return "" if suggested.embedded else suggested.title

    def _shown(self, tab: Tab, data: dict[str, Any]) -> None:
        """The models' tab was opened (`open`), or another one."""
        if not data["open"]:
            tab.models = None
        elif tab.models is None:
            tab.models = ModelsState()
            self._context(tab, {"value": data.get("context", "")})
            if self._desk is not None:
                self._desk.look_again()

    def _context(self, tab: Tab, data: dict[str, Any]) -> None:
        value = str(data["value"])
        if value.isdecimal() and int(value) in view.CONTEXTS:
            _state(tab).context = int(value)

    def _get(self, tab: Tab, data: dict[str, Any]) -> None:
        try:
            self._given().fetch(data["model"])
        except ModelError as error:
            raise ChatError(str(error)) from error

    def _remove(self, tab: Tab, data: dict[str, Any]) -> None:
        _state(tab).asking = ""
        try:
            freed = self._given().remove(data["model"])
        except (ModelError, OSError) as error:
            raise ChatError(str(error)) from error
        tab.tell(MODELS().removed.format(model=data["model"], size=m.size(freed)))

    def _use_own(self, tab: Tab, data: dict[str, Any]) -> None:
        """Use a model by its name; what is on the hub and not here is fetched first, and used when asked again."""
        from app.models.desk import Named

        name = data["value"].strip()[:500]
        if not name:
            return
        desk, named = self._given(), Named(name, _state(tab).own_memory or None)
        try:
            if not desk.is_here(named):
                desk.fetch(name, named)
                return
        except ModelError as error:
            raise ChatError(str(error)) from error
        self._use(tab, named)

    def _use(self, tab: Tab, named: Named) -> None:
        """Go on with another model: in every tab, with the chats that are open."""
        desk = self._given()
        state = self._loader.state
        if not (state.ready or state.error) or self._tabs.busy:
            raise ChatError(MODELS().busy)
        title = desk.title(named)

        def ended(error: str) -> None:
            if not error:
                desk.use(named)
            for one in self._tabs.all():
                with speaking(one.language):
                    if error:
                        one.warn(MODELS().kept_old.format(error=told_in(SERVER().not_loaded, error)))
                    else:
                        one.tell(MODELS().switched.format(model=title))
                one.wake()

        self._loader.switch(desk.loading(named), changing_to(title), self._tabs.detach, ended)

    def _model_bytes(self, engine: Engine | None) -> int:
        """What the loaded model's weights take, which is given back when another one is loaded."""
        if engine is None:
            return 0
        if engine is not self._weights[0]():
            total = sum(tensor.nbytes for tensor in engine.model.state_dict().values())
            self._weights = weakref.ref(engine), total
        return self._weights[1]

    def _given(self) -> ModelDesk:
        if self._desk is None:
            raise ChatError(MODELS().cannot_switch)
        return self._desk


def known_rates(engine: Engine | None) -> dict[str, float]:
    """The speeds that this machine has measured."""
    return {} if engine is None else engine.store.rates.all()


def _state(tab: Tab) -> ModelsState:
    if tab.models is None:
        tab.models = ModelsState()
    return tab.models
