"""The shape of any model, before or after it is fetched: of the table, a folder, a GGUF file, or a repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ahn_core.config import AHNConfig, BackboneConfig
from app.models import catalogue, local
from app.models.dtypes import default_window_of, described
from app.models.errors import ModelError
from app.models.hub import Hub, check_online, explained, hub_errors
from app.models.planning import default_window
from app.models.ready import references
from app.models.reference import Reference
from app.sentences import Sentence

if TYPE_CHECKING:
    from ahn_core.weights.gguf_model import GGUFModel


@dataclass(frozen=True)
class Shape:
    """What planning needs. `trained_memory`: whether there is an AHN for it; `window`: S and W a chat starts with;
    `source`: the tensors of a GGUF file.
    """

    title: str
    config: BackboneConfig
    ahn_config: AHNConfig
    trained_memory: bool
    window: tuple[int, int]
    source: GGUFModel | None = None


def shape_of(hub: Hub, data_dir: Path, model: str, ahn: str | None) -> Shape:
    """The shape of a base and a memory; of a repository that is not here, its config.json alone is fetched.

    Raises LoadError or ConfigError with one sentence.
    """
    choice = None if Path(model).expanduser().exists() else catalogue.choice_of(model, ahn)
    if choice is not None:
        return Shape(
            choice.title,
            choice.config,
            choice.ahn_config,
            bool(choice.memory_parameters),
            default_window(choice),
        )
    base, memory = references(model, ahn)
    config, source = _config(hub, data_dir, model, base)
    ahn_config = _ahn_config(hub, data_dir, ahn, memory)
    title = str(base.repository if base is not None else Path(model).name)
    return Shape(
        title,
        config,
        ahn_config or AHNConfig(),
        ahn_config is not None,
        default_window_of(config),
        source,
    )


def _config(
    hub: Hub, data_dir: Path, model: str, reference: Reference | None
) -> tuple[BackboneConfig, GGUFModel | None]:
    known = catalogue.published(reference.repository) if reference is not None else None
    if known is not None and reference is not None:
        for choice in catalogue.CHOICES:
            if choice.base == known:
                return choice.config, None
    gguf_file = None if reference is None else reference.gguf_file
    if reference is not None:
        found = local.look(hub, data_dir, reference)
        if found.presence == "whole":
            return described(str(found.folder), gguf_file)
        if gguf_file is not None:
            raise ModelError(
                Sentence(
                    "What {reference} takes stands in the file itself, which is not on this computer: fetch "
                    "it with `ahn-chat models get` first.",
                    reference=str(reference),
                )
            )
        return described(str(_fetched(hub, reference, "config.json").parent), None)
    return described(model, None)


def _ahn_config(hub: Hub, data_dir: Path, ahn: str | None, memory: Reference | None) -> AHNConfig | None:
    if memory is not None:
        found = local.look(hub, data_dir, memory)
        folder = found.folder or _fetched(hub, memory, "config.json").parent
        return AHNConfig.from_json(folder / "config.json")
    return None if ahn is None else AHNConfig.from_json(Path(ahn).expanduser() / "config.json")


def _fetched(hub: Hub, reference: Reference, name: str) -> Path:
    from huggingface_hub import hf_hub_download

    check_online(str(reference))
    try:
        return Path(
            hf_hub_download(
                reference.repository,
                name,
                revision=reference.revision,
                cache_dir=hub.cache,
                endpoint=hub.endpoint,
                token=hub.token,
            )
        )
    except hub_errors() as error:
        raise explained(error, str(reference)) from error
