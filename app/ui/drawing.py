"""A tab's state as the parts of its page. Reads the chat and the library; changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.conversation.events import (
    AnswerStarted,
    AnswerToken,
    PromptRead,
    ReadPhase,
    ReadState,
    Recalled,
    Turn,
    Waiting,
)
from app.conversation.evidence import NO_EVIDENCE
from app.ui.about import SAMPLE, SAMPLE_QUESTIONS
from app.ui.card_extras import extras_of
from app.ui.library_view import draw_library
from app.ui.session import Tab
from app.ui.views import (
    chats,
    comparison,
    documents,
    facts,
    first,
    found,
    language,
    library,
    memory,
    models,
    presets,
    probe,
    question,
    reader,
    status,
    transcript,
)
from app.ui.views.documents import LibraryEntry
from app.ui.views.facts import ModelFacts
from app.ui.views.status import Loading
from app.ui.views.transcript import Ways
from app.ui.words.documents import DOCUMENTS

if TYPE_CHECKING:
    from app.conversation import Engine

Draw = Callable[[Tab, "Engine | None", Loading], str]


def draw_documents(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    states = _documents(tab)
    here = {state.document_id for state in states}
    others = (
        []
        if engine is None
        else [d for d in engine.store.documents.list() if d.id not in here and d.characters]
    )
    return documents.cards(
        states,
        [entry.state for entry in list(tab.imports) if entry.has_card],
        [LibraryEntry(document.id, document.name, document.page_count) for document in others],
        ready=loading.ready,
        extras=extras_of(tab, engine),
        encodings=DOCUMENTS().encoding,
    )


def draw_found(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    return found.found_pages(tab.found, tab.query)


def draw_library_list(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    return draw_library(tab, engine)


def draw_chats(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    known = [] if engine is None else engine.list_chats(tab.query)
    open_id = "" if tab.chat is None else tab.chat.id
    return chats.chat_list(known, open_id, renaming=tab.renaming, deleting=tab.deleting, query=tab.query)


def draw_reading(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    return documents.reading_line(_documents(tab), ready=loading.ready)


def draw_activity(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    latest = None if tab.chat is None else tab.chat.answer_event
    return status.waiting_line(latest) if isinstance(latest, Waiting) else status.loading_line(loading)


def draw_settings_note(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    if engine is None or tab.chat is None:
        return ""
    settings, defaults = tab.chat.settings, tab.default_settings or engine.default_settings()
    return presets.note(settings, defaults, engine.presets.all()) if settings != defaults else ""


def draw_memory(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    trained = engine is None or engine.model.memory_trained
    if tab.chat is None:
        return memory.panel(None, trained=trained)
    last = _last_turn(tab)
    return memory.panel(
        tab.chat.stats(per_layer=tab.show_layers),
        tab.chat.page_states(),
        trained=trained,
        show_layers=tab.show_layers,
        answer=last.pieces if last is not None else (),
        show_answer=tab.show_answer,
        evidence=last.evidence if last is not None else NO_EVIDENCE,
        held=tab.chat.held(),
    )


def draw_status(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    if tab.chat is None:
        return status.status_line()
    reading = next((state for state in _documents(tab) if state.phase is ReadPhase.READING), None)
    latest = tab.chat.answer_event
    last = _last_turn(tab)
    stats = tab.chat.stats()
    return status.status_line(
        reading=reading,
        asking=isinstance(latest, AnswerStarted | Recalled | PromptRead),
        writing=latest if isinstance(latest, AnswerToken) else None,
        last=last.figures if last is not None else None,
        context=stats.seq_length if stats is not None else 0,
        memory=tab.chat.settings.memory,
        evidence=last.evidence if last is not None else NO_EVIDENCE,
    )


def draw_panes(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    return comparison.panes(tab.comparing.state if tab.comparing is not None else None)


def draw_probe(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    ready = tab.chat is not None and bool(tab.chat.documents)
    running = tab.probing is not None and not tab.probing.finished
    return probe.panel(tab.probing.state if tab.probing is not None else None, ready=ready, running=running)


def draw_facts(tab: Tab, engine: Engine | None, loading: Loading) -> str:
    return facts.model_facts(None if engine is None else facts_of(engine))


# What moves, drawn at every look, and what changes with a click or at the end of something.
LIVE_PARTS: dict[str, Draw] = {
    "documents": draw_documents,
    "reading": draw_reading,
    "activity": draw_activity,
    "memory": draw_memory,
    "status": draw_status,
    "panes": draw_panes,
    "probe": draw_probe,
}
LISTS: dict[str, Draw] = {
    "chats": draw_chats,
    "found": draw_found,
    "library": draw_library_list,
    "facts": draw_facts,
    "settings-note": draw_settings_note,
}
PARTS = LIVE_PARTS | LISTS


def draw_transcript(tab: Tab, engine: Engine | None = None) -> dict[str, str]:
    """The conversation in its two parts."""
    if tab.chat is None:
        return {"earlier": "", "last": transcript.empty()}
    turns = tab.chat.turns
    if not turns and not tab.chat.versions:
        return {"earlier": "", "last": _first_minute(tab, engine)}
    ways = Ways(tab.chat.versions, tab.editing, tab.deleting_turn, tab.busy, tab.chat.id)
    return {"earlier": transcript.earlier(turns, ways), "last": transcript.last(turns, ways)}


def _first_minute(tab: Tab, engine: Engine | None) -> str:
    names = [document.name for document in _documents(tab)]
    return first.empty(
        embedded=engine.model.name if engine is not None and facts_of(engine).licence else "",
        offer=not names and not tab.imports and SAMPLE.is_file(),
        questions=SAMPLE_QUESTIONS if SAMPLE.name in names else (),
    )


def draw_frames(model_name: str) -> dict[str, str]:
    """What stays as it is while a page is open: drawn once for each, in its language."""
    return {
        "top": status.top_bar(model_name),
        "question": question.box(),
        "library-tools": library.frame(),
        "models-tools": models.frame(),
        "own-models": models.own_frame(),
        "reader": reader.frame(),
        "shortcuts": status.shortcuts(),
        "language": language.choice(),
    }


def facts_of(engine: Engine) -> ModelFacts:
    """What the settings page tells about the model."""
    from ahn_core.zoo import EMBEDDED

    model = engine.model
    embedded = model.name == EMBEDDED.name
    return ModelFacts(
        name=model.name,
        family=model.config.model_type,
        parameters=model.num_parameters,
        memory_parameters=model.num_ahn_parameters,
        cell=model.ahn_config.cell,
        memory_trained=model.memory_trained,
        trained_length=model.config.max_position_embeddings,
        layers=model.config.num_hidden_layers,
        device=str(model.device),
        dtype=model.precision,
        compiled=engine.compiled(),
        licence=EMBEDDED.licence if embedded else "",
        origin=f"{EMBEDDED.origin} ({EMBEDDED.quantization}, from {EMBEDDED.requirement})"
        if embedded
        else "",
    )


def _documents(tab: Tab) -> list[ReadState]:
    return [] if tab.chat is None else tab.chat.documents


def _last_turn(tab: Tab) -> Turn | None:
    turns = tab.chat.turns if tab.chat is not None else []
    return turns[-1] if turns else None
