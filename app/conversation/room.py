"""Whether there is room for a cache: in memory, and within the length that the model was trained for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.conversation.errors import ChatError
from app.sentences import Sentence

if TYPE_CHECKING:
    import torch

    from app.conversation.entries import Entry
    from app.conversation.resources import Resources
    from app.conversation.settings import ChatSettings

_SPARE_MEMORY = 256 * 2**20  # bytes that stay free for all else
_GROWTH = 1.25  # of full attention's memory, which is reserved ahead


def check_fits(resources: Resources, settings: ChatSettings, entry: Entry, tokens: int, held: int) -> None:
    """Raise ChatError where a document cannot be read into a cache that would then hold so many tokens.

    `held` are the bytes of the cache that is there already.
    """
    limit = resources.max_positions
    exact = entry.page_starts is not None  # an estimate refuses nothing that may fit
    if settings.memory == "full" and exact and tokens >= limit:
        raise ChatError(
            Sentence(
                "{name} has {tokens:,} tokens, but with full attention this model is reliable only up to "
                "the {limit:,} it was trained for and answers with noise beyond, so it was not read; AHN "
                "and window memory (Settings) read any length.",
                name=entry.name,
                tokens=entry.total,
                limit=limit,
            )
        )
    check_memory(
        resources,
        settings,
        tokens,
        Sentence("{name} with its {tokens:,} tokens", name=entry.name, tokens=entry.total),
        held,
    )


def check_memory(resources: Resources, settings: ChatSettings, tokens: int, what: str, held: int = 0) -> None:
    """Raise ChatError where the cache of `what` would take more memory, after so many tokens, than is free."""
    needed = resources.cache_nbytes(settings, tokens)
    if settings.memory == "full":
        needed = int(needed * _GROWTH)
    free = free_memory(resources.model.device)
    if needed - held > free - _SPARE_MEMORY:
        remedy = (
            Sentence("choose AHN or window memory")
            if settings.memory == "full"
            else Sentence("choose a smaller window")
        )
        raise ChatError(
            Sentence(
                "{what} takes {needed:,.2f} GB of memory, and {free:,.2f} GB can be had, so "
                "nothing was read; close other programs, or {remedy} in Settings.",
                what=what,
                needed=needed / 1e9,
                free=(max(free - _SPARE_MEMORY, 0) + held) / 1e9,
                remedy=remedy,
            )
        )


def free_memory(device: torch.device) -> int:
    """The bytes that can still be had where the model computes."""
    if device.type == "cuda":
        import torch

        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    import psutil

    return psutil.virtual_memory().available
