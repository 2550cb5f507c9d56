"""What all requests of the API share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.api.client import Line
from app.api.conversations import Conversations
from app.api.errors import ApiError
from app.api.files import InlineDocuments
from app.api.logprobs import TokenTexts
from app.api.metrics import Metrics
from app.api.options import ApiOptions

if TYPE_CHECKING:
    from app.conversation import Engine


class LoadState(Protocol):
    """Where the loading of the model stands; error: one sentence where it failed."""

    @property
    def error(self) -> str: ...


class Loader(Protocol):
    """The model that is being loaded behind the server; `engine` is None until it is there."""

    @property
    def engine(self) -> Engine | None: ...
    @property
    def state(self) -> LoadState: ...


class Service:
    """The engine, the open conversations, the line of requests, and the counters."""

    def __init__(self, loader: Loader, options: ApiOptions) -> None:
        self._loader = loader
        self.options = options
        self.conversations = Conversations(options.conversations, options.memory_bytes)
        self.inline = InlineDocuments(options.folder, options.documents, options.max_upload_bytes)
        self.line = Line(options.conversations, options.waiting)
        self.metrics = Metrics(self.conversations)
        self._texts: tuple[Engine, TokenTexts] | None = None

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._loader.engine is not None

    def engine(self) -> Engine:
        """The engine. Raises ApiError until the model is loaded."""
        engine = self._loader.engine
        if engine is not None:
            return engine
        if self._loader.state.error:
            raise ApiError(500, self._loader.state.error, code="model_not_loaded")
        raise ApiError(
            503, "The model is still being loaded; try again when it is there.", code="model_loading"
        )

    def texts(self, engine: Engine) -> TokenTexts:
        """The texts of this model's tokens."""
        if self._texts is None or self._texts[0] is not engine:
            self._texts = engine, TokenTexts(engine.tokenizer)
        return self._texts[1]

    def close(self) -> None:
        """Close the conversations."""
        self.conversations.close()
