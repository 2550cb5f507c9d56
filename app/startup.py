"""A model with everything that stands on it: what the page and every command of the chat begin with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ahn_core import zoo
from app.models import catalogue
from app.models.loading import LoadReport, load
from app.options import EMBEDDED, ModelOptions

if TYPE_CHECKING:
    from app.conversation import Engine


def shown_name(model: ModelOptions) -> str:
    """What to call the model before it is loaded: its name, or the last part of a path or hub id."""
    if model.model == EMBEDDED:
        return zoo.EMBEDDED.name
    choice = catalogue.find(model.model)
    return choice.title if choice is not None else Path(model.model).name.partition("@")[0]


def load_engine(
    model: ModelOptions, data_dir: Path, report: LoadReport, store_dir: Path | None = None
) -> Engine:
    """Load what `model` names and open the store in `store_dir`, by default `data_dir`.

    Takes seconds; the first time, a minute or so.

    Raises zoo.ZooError, ahn_core.LoadError, ahn_core.ConfigError, app.store.StoreError: one sentence for the user.
    """
    from app.acceleration import compile_decoder, keep_freed_memory

    keep_freed_memory()
    # On a CPU the C++ is compiled behind the page, which is not to wait for it.
    network, tokenizer = load(model, data_dir, report, compiled_later=True)
    from app.conversation import Engine
    from app.store import Store

    compilation = compile_decoder(network, data_dir)
    return Engine(
        network,
        tokenizer,
        Store(store_dir or data_dir),
        compiled=lambda: str(compilation),
        at_end=compilation.join,
    )
