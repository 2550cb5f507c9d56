"""Loading the model and everything that stands on it, with progress."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ahn_core import zoo
from app.models import catalogue
from app.models.downloads import sentence
from app.models.dtypes import chat_dtype
from app.models.hub import Hub
from app.models.ready import make_ready
from app.options import EMBEDDED, ModelOptions

if TYPE_CHECKING:
    from app.conversation import Engine


class LoadReport(Protocol):
    """How a loader says where it is: one sentence, and a fraction in [0, 1] where it is known."""

    def __call__(self, sentence: str, fraction: float | None = None) -> None: ...


def describe(step: zoo.ZooProgress, model: zoo.EmbeddedModel = zoo.EMBEDDED) -> tuple[str, float | None]:
    """A step of fetching the embedded model as a sentence and a fraction."""
    fraction = step.done / step.total if step.total else None
    if step.stage == "wait":
        return f"Another window is fetching {model.name}; waiting for it", None
    if step.stage == "download":
        return f"Fetching {model.name}: {step.done / 1e6:.0f} of {step.total / 1e6:.0f} MB", fraction
    if step.stage == "check":
        return f"Checking {model.name}", fraction
    return f"Converting {model.name}, once: step {min(step.done + 1, step.total)} of {step.total}", fraction


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
    if model.model == EMBEDDED:
        zoo.embedded_path(data_dir, progress=lambda step: report(*describe(step)))
    ready = make_ready(
        Hub(), data_dir, model.model, model.ahn, lambda step: report(sentence(step), step.fraction)
    )
    report("Loading the model")
    import torch

    from ahn_core import AHNForCausalLM, load_tokenizer
    from ahn_core.devices import best_device
    from app.acceleration import compile_decoder, keep_freed_memory
    from app.conversation import Engine
    from app.store import Store

    keep_freed_memory()
    dtype = chat_dtype(model.device, model.dtype, ready.base, ready.gguf_file)
    # On a CPU the C++ is compiled behind the page, which is not to wait for it.
    device = torch.device(model.device) if model.device else best_device().device
    network = AHNForCausalLM.from_pretrained(
        ready.base,
        ready.ahn,
        gguf_file=ready.gguf_file,
        dtype=dtype,
        device=device,
        backend="torch" if device.type == "cpu" else None,
    )
    compilation = compile_decoder(network, data_dir)
    tokenizer = load_tokenizer(ready.base, gguf_file=ready.gguf_file)
    return Engine(
        network,
        tokenizer,
        Store(store_dir or data_dir),
        compiled=lambda: str(compilation),
        at_end=compilation.join,
    )
