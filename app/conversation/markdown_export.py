"""A chat as Markdown: the versions that are shown, with quotes, citations, checks and figures."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from app.conversation.answers import PastTurn
from app.conversation.events import AnswerFigures, Turn, TurnState
from app.conversation.exporting import load_chat, model_of
from app.conversation.records import opened, turn_from_record
from app.conversation.settings import ChatSettings
from app.conversation.versions import Node, TurnTree
from app.conversation.wording import checks_words, grounding_words, page_words, source_words
from app.store import Store, StoredChat

_MEANS_SOMETHING = re.compile(
    r"([\\`*_<>\[\]#|~$&])"
)  # in Markdown; questions and quotes are words as they stand
_KINDS = {"ahn": "AHN", "window": "window only", "full": "full attention"}


def markdown_of(store: Store, chat_id: str) -> str:
    """The file. Raises UnknownChatError, UnreadableChatError."""
    stored = load_chat(store, chat_id)
    settings, entries, _ = opened(stored)
    tree = TurnTree(
        Node(turn.id, turn.parent, turn_from_record(turn, ""), turn.shown) for turn in stored.turns
    )
    path = [node.kept for node in tree.path]
    digests = {document.id: document.sha256 for document in store.documents.list()}
    documents = [
        f"- {_escaped(entry.name)}, {entry.page_count:,} pages, {_digest(digests.get(entry.id))}"
        for entry in entries
    ]
    parts = [f"# {_escaped(stored.title)}", _head(stored, len(path), len(stored.turns))]
    if documents:
        parts.append("## Documents\n\n" + "\n".join(documents))
    parts.append("## Settings\n\n" + _settings(settings, model_of(stored.turns)))
    parts += [_turn(past, number) for number, past in enumerate(path, start=1)]
    return "\n\n".join(parts) + "\n"


def _head(stored: StoredChat, shown: int, turns: int) -> str:
    begun = datetime.fromtimestamp(stored.created_at, timezone.utc)
    used = datetime.fromtimestamp(stored.updated_at, timezone.utc)
    words = (
        f"A conversation of AHN Chat, begun {begun:%Y-%m-%d %H:%M} UTC, last used {used:%Y-%m-%d %H:%M} UTC."
    )
    if turns > shown:
        words += (
            f" {shown:,} of {turns:,} questions with their answers are shown; the JSON has every version."
        )
    return words


def _digest(sha256: str | None) -> str:
    return f"SHA-256 `{sha256}`" if sha256 else "no longer in the library"


def _settings(settings: ChatSettings, model: str) -> str:
    sampling = settings.sampling
    memory = _KINDS[settings.memory]
    if settings.memory != "full":
        memory += f", {settings.attention_sinks:,} sinks, window of {settings.sliding_window:,} tokens"
    lines = [
        f"- Model: {_escaped(model)}" if model else "",
        f"- Memory: {memory}",
        f"- Temperature {sampling.temperature:g}, top-p {sampling.top_p:g}, top-k {sampling.top_k}, min-p "
        f"{sampling.min_p:g}, repetition penalty {sampling.repetition_penalty:g}, seed "
        f"{'none' if sampling.seed is None else sampling.seed}",
        f"- Longest answer: {settings.max_new_tokens:,} tokens",
        f"- Looked up in the text: {'yes' if settings.recall else 'no'}",
        f"- System prompt: {_escaped(' '.join(settings.system_prompt.split()))}"
        if settings.system_prompt
        else "",
    ]
    return "\n".join(line for line in lines if line)


def _turn(past: PastTurn, number: int) -> str:
    turn = past.turn
    question = "\n".join(f"> {_escaped(line)}" for line in turn.question.splitlines())
    parts = [f"## Question {number}\n\n{question}", "### Answer"]
    if turn.state is TurnState.TOLD:
        parts.append("*told by AHN Chat itself*")
    if turn.state is TurnState.FAILED and turn.message:
        parts.append(f"*{_escaped(turn.message)}*")
    parts.append(_cited(turn) or "*no words*")
    if turn.state is TurnState.STOPPED:
        parts.append(f"*{_escaped(turn.message or 'stopped')}*")
    if turn.quotes:
        quotes = "\n".join(f"- “{_escaped(one.text)}” ({_escaped(source_words(one))})" for one in turn.quotes)
        parts.append(f"From the documents:\n\n{quotes}")
    if turn.citations:
        cited = "\n".join(
            f"- \\[{one.number}\\] “{_escaped(one.text)}” "
            f"({_escaped(', '.join(part for part in (one.document, page_words(one.label)) if part))})"
            for one in turn.citations
        )
        parts.append(f"Citations:\n\n{cited}")
    verdict = " · ".join(part for part in (grounding_words(turn), checks_words(turn)) if part)
    if verdict:
        parts.append(_escaped(verdict))
    if turn.figures is not None:
        parts.append(_figures(turn.figures))
    return "\n\n".join(parts)


def _cited(turn: Turn) -> str:
    """The answer, Markdown as it was written, with the numbers of its citations."""
    answer = turn.answer
    ends = sorted(((end, one.number) for one in turn.citations for end in one.ends), reverse=True)
    for end, number in ends:
        if 0 <= end <= len(answer):
            answer = f"{answer[:end]} \\[{number}\\]{answer[end:]}"
    return answer


def _figures(figures: AnswerFigures) -> str:
    return (
        f"{figures.generated_tokens:,} tokens in {figures.decode_seconds:.1f} s, the first after "
        f"{figures.time_to_first_token:.1f} s; {figures.pages_read:,} of {figures.pages_total:,} pages read; "
        f"{figures.sequence_length:,} tokens in context."
    )


def _escaped(words: str) -> str:
    return _MEANS_SOMETHING.sub(r"\\\1", words)
