"""Going on with a text as it stands, without a chat: no template, no documents, no turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.conversation.errors import ChatError
from app.conversation.events import AnswerToken, CompletionEvent, CompletionFinished, PromptRead
from app.conversation.settings import ChatSettings
from app.sentences import Sentence

if TYPE_CHECKING:
    from ahn_core import Cache
    from app.conversation.resources import Resources

_CHUNK = 256  # tokens that are read before the device is offered to others


class Completing:
    """One completion. Calling it does the work, in the calling thread."""

    def __init__(self, resources: Resources, prompt: str | Sequence[int], settings: ChatSettings) -> None:
        """prompt: a text, in which tags of the chat template are tags, or its tokens. Raises ChatError."""
        settings.check_fits(resources.max_positions)
        # As the tokenizer does it by itself: with the token that begins a text, where there is one.
        ids = resources.tokenizer.encode(prompt) if isinstance(prompt, str) else list(prompt)
        vocabulary = resources.model.config.vocab_size
        if not ids:
            raise ChatError(
                Sentence("The prompt is empty, so there is nothing to go on with; give at least one token.")
            )
        outside = next((one for one in ids if not 0 <= one < vocabulary), None)
        if outside is not None:
            raise ChatError(
                Sentence(
                    "The prompt has the token {outside}, and this model knows those from 0 to {last:,}; "
                    "encode it with this model's tokenizer.",
                    outside=outside,
                    last=vocabulary - 1,
                )
            )
        limit = resources.max_positions
        if settings.memory == "full" and len(ids) + settings.max_new_tokens > limit:
            raise ChatError(
                Sentence(
                    "The prompt has {tokens:,} tokens and its answer up to {longest:,}, more than the "
                    "{limit:,} that full attention is reliable for with this model; shorten one, or choose "
                    "AHN memory.",
                    tokens=len(ids),
                    longest=settings.max_new_tokens,
                    limit=limit,
                )
            )
        self._resources, self._ids, self._settings = resources, ids, settings

    def __call__(self, emit: Callable[[CompletionEvent], None], stop: threading.Event) -> None:
        """Read the prompt chunk by chunk, giving the device back in between, and generate to the end."""
        from ahn_core import prefill

        ids, resources, began = self._ids, self._resources, time.monotonic()
        cache = resources.make_cache(self._settings)
        done = 0
        while len(ids) - done > _CHUNK:  # the last chunk is left to the generation, which needs its end
            with resources.device_unless(stop.is_set, emit) as mine:
                if not mine:
                    break
                for _ in prefill(resources.model, ids[done : done + _CHUNK], cache):
                    pass
            done += _CHUNK
            emit(PromptRead(done, len(ids), done / max(time.monotonic() - began, 1e-6)))
        with resources.device_unless(stop.is_set, emit) as mine:
            if mine:
                emit(self._generate(done, cache, emit, stop.is_set))
                return
        emit(CompletionFinished("", "cancelled", done, 0))

    def _generate(
        self,
        done: int,
        cache: Cache,
        emit: Callable[[PromptRead | AnswerToken], None],
        should_stop: Callable[[], bool],
    ) -> CompletionFinished:
        """Read the rest of the prompt and write on. Needs the device."""
        from ahn_core import Finished, PrefillProgress, Token, stream_generate

        settings, tokens, began = self._settings, 0, time.monotonic()
        for event in stream_generate(
            self._resources.model,
            self._resources.tokenizer,
            self._ids[done:],
            cache,
            max_new_tokens=settings.max_new_tokens,
            sampling=settings.sampling,
            stop=settings.stop,
            should_stop=should_stop,
            top_logprobs=settings.top_logprobs,
        ):
            if isinstance(event, PrefillProgress):
                emit(PromptRead(done + event.tokens_done, len(self._ids), event.tokens_per_second))
                began = time.monotonic()
            elif isinstance(event, Token):
                tokens += 1
                rate = tokens / max(time.monotonic() - began, 1e-6)
                emit(AnswerToken(event.text, event.memory_share, tokens, rate, event.logprobs))
            elif isinstance(event, Finished):
                return CompletionFinished(event.text, event.reason, done + event.prompt_tokens, tokens)
        raise AssertionError("a generation ends with its figures")
