"""What a question gets out of the documents' text before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.conversation.answers import Cancelled
from app.conversation.evidence import Evidence
from app.conversation.quoting import budget
from app.conversation.settings import ChatSettings

if TYPE_CHECKING:
    from app.conversation.lookup import Found
    from app.conversation.resources import Resources
    from app.store import TextId

_JUDGED_TOGETHER = 8  # sentences between two looks whether the answer was stopped


def look_up(
    resources: Resources,
    settings: ChatSettings,
    question: str,
    history: Sequence[str],
    texts: Sequence[TextId],
) -> Found | None:
    """What words find in `texts`, also where they have not been read yet; None where looking up is off or there is no
    text. Needs no device."""
    if not settings.recall:
        return None
    there = resources.lookup.texts(texts)
    if not there:
        return None
    asking = resources.count_tokens(question) + len(resources.layout(settings.system_prompt).asking)
    return resources.lookup.find(question, history, there, budget(settings, asking))


def judged(resources: Resources, found: Found, should_stop: Callable[[], bool]) -> Evidence | None:
    """The same with the quotes that the model itself chooses; None where it takes no part.

    Needs the device. Raises Cancelled within some sentences once `should_stop` is true.
    """
    if not resources.judges:
        return None
    judge = resources.lookup.judge(resources.layout("").opening)

    def by_parts(question: str, sentences: Sequence[str]) -> list[float]:
        scores: list[float] = []
        for first in range(0, len(sentences), _JUDGED_TOGETHER):
            if should_stop():
                raise Cancelled
            scores += judge(question, sentences[first : first + _JUDGED_TOGETHER])
        return scores

    return found.evidence(by_parts)


def still_holds(kept: Evidence, settings: ChatSettings, texts: Sequence[TextId]) -> bool:
    """Whether what was looked up for a question before is what would be looked up now: in the same texts."""
    return (
        settings.recall
        and kept.found is not None
        and kept.searched == tuple((text.document_id, text.revision) for text in texts)
    )
