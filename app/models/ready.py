"""From what a person named to what the core can load: everything that lacks is fetched first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.models import catalogue, local
from app.models.downloads import Report
from app.models.hub import Hub
from app.models.reference import Reference, parse_reference


@dataclass(frozen=True)
class Ready:
    """What `AHNForCausalLM.from_pretrained` takes, with `load_tokenizer` the first and the last."""

    base: str
    ahn: str | None = None
    gguf_file: str | None = None


def references(model: str, ahn: str | None) -> tuple[Reference | None, Reference | None]:
    """The repositories that a base and a memory are on the hub; None for what is local or the embedded model's.

    `model` may be a name of the table ("7B-GDN"), which brings its memory along unless `ahn` names another.
    """
    choice = None if Path(model).expanduser().exists() else catalogue.find(model)
    if choice is not None and not choice.embedded:
        base = choice.base.reference if choice.base is not None else None
        memory = choice.memory.reference if choice.memory is not None else None
        return base, parse_reference(ahn) if ahn is not None else memory
    if choice is not None:
        return None, parse_reference(ahn) if ahn is not None else None
    return parse_reference(model), parse_reference(ahn) if ahn is not None else None


def make_ready(hub: Hub, data_dir: Path, model: str, ahn: str | None, report: Report) -> Ready:
    """Have base and memory on this computer. The embedded model is the core's business. Raises ModelError."""
    base, memory = references(model, ahn)
    named_base, named_memory, gguf_file = model, ahn, None
    if base is not None:
        named_base = local.ensure(hub, data_dir, base, report).base
        gguf_file = base.gguf_file
    if memory is not None:
        named_memory = local.ensure(hub, data_dir, memory, report).base
    return Ready(named_base, named_memory, gguf_file)
