"""What a page needs of models: the table with what is here, downloads, and loading another one.

One desk a process. It knows neither the page nor conversations: `load` is given by whoever starts the page.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.models import catalogue, local, manifests, planning
from app.models.catalogue import Choice
from app.models.downloads import Download, Progress
from app.models.errors import ModelError
from app.models.fetching import Fetch, Fetching, Part
from app.models.hub import Hub, check_online
from app.models.planning import Plan
from app.models.ready import references
from app.models.reference import Reference
from app.sentences import Sentence

if TYPE_CHECKING:
    import torch

_LOOK_SECONDS = 3.0  # between looks at the disk, unless something was done
_CHOSEN = "model.json"  # in the data folder: what was chosen last


@dataclass(frozen=True)
class Named:
    """A base and a memory as a person named them."""

    model: str
    ahn: str | None = None


@dataclass(frozen=True)
class Line:
    """One line of the table. `choice` None: a model of the reader's own, whose costs are not counted."""

    name: str
    title: str
    choice: Choice | None
    presence: local.Presence
    nbytes: int
    plan: Plan | None
    fetch: Fetch | None
    in_use: bool = False
    suits: bool = False


@dataclass
class _Seen:
    """What was looked up, and when."""

    at: float = float("-inf")
    presence: Mapping[str, tuple[local.Presence, int]] | None = None
    others: tuple[manifests.Manifest, ...] = ()
    plans: Mapping[str, Plan] | None = None
    suggested: str = "embedded"
    context: int = 0


class ModelDesk:
    """The models of this process. Any thread may call any method."""

    def __init__(
        self,
        data_dir: Path,
        load: Callable[[Named], Callable[..., Any]],
        *,
        hub: Hub | None = None,
        in_use: Named | None = None,
        device: str | None = None,
        dtype: str | None = None,
    ) -> None:
        """`load` gives what loads a model, to be run in a thread of its own. in_use: what the page starts with."""
        self.hub = hub or Hub()
        self.fetching = Fetching()
        self.in_use = in_use or Named("embedded")
        self._data_dir, self._load = data_dir, load
        self._device, self._dtype = device, dtype
        self._seen = _Seen()
        self._lock = threading.Lock()
        self._own: dict[str, Named] = {}  # models of the reader's own that are being fetched, or were

    # -- looking -----------------------------------------------------------------------------------------------------

    def lines(self, context: int, rates: Mapping[str, float], freed_bytes: int = 0) -> list[Line]:
        """The table at `context` tokens. rates, freed_bytes: as `planning.plan` takes them."""
        seen = self._look(context, rates, freed_bytes)
        fetches = self.fetching.states()
        current = catalogue.choice_of(self.in_use.model, self.in_use.ahn)
        assert seen.presence is not None and seen.plans is not None, "just looked up"
        lines = [
            Line(
                choice.name,
                choice.title,
                choice,
                *seen.presence[choice.name],
                seen.plans[choice.name],
                fetches.get(choice.name),
                in_use=choice is current,
                suits=choice.name == seen.suggested,
            )
            for choice in catalogue.CHOICES
        ]
        return lines + self._own_lines(seen, fetches, known=current is not None)

    def _own_lines(self, seen: _Seen, fetches: Mapping[str, Fetch], *, known: bool) -> list[Line]:
        names = dict.fromkeys(str(manifest.reference) for manifest in seen.others)
        names |= dict.fromkeys(self._own) | dict.fromkeys([] if known else [self.in_use.model])
        here = {str(manifest.reference): manifest for manifest in seen.others}
        lines = []
        for name in names:
            manifest = here.get(name)
            whole = manifest is not None or (not known and name == self.in_use.model)
            presence: Literal["whole", "none"] = "whole" if whole else "none"
            nbytes = manifest.nbytes if manifest is not None else 0
            in_use = not known and name == self.in_use.model
            title = self.title(Named(name))
            lines.append(Line(name, title, None, presence, nbytes, None, fetches.get(name), in_use=in_use))
        return lines

    def suggested(self, rates: Mapping[str, float], freed_bytes: int) -> Choice:
        """What suits this machine; the embedded model where nothing larger does."""
        seen = self._look(planning.PAPER_CONTEXT, rates, freed_bytes)
        found = catalogue.find(seen.suggested)
        return found if found is not None else catalogue.CHOICES[0]

    def look_again(self) -> None:
        """Forget what was looked up: something was done."""
        with self._lock:
            self._seen = _Seen()

    def _look(self, context: int, rates: Mapping[str, float], freed_bytes: int) -> _Seen:
        with self._lock:
            seen, now = self._seen, time.monotonic()
            if seen.presence is not None and seen.context == context and now - seen.at < _LOOK_SECONDS:
                return seen
        import torch

        device = torch.device(self._device) if self._device else None
        plans = {
            choice.name: self._plan(choice, context, rates, freed_bytes, device)
            for choice in catalogue.CHOICES
        }
        seen = _Seen(
            now,
            {choice.name: presence_of(self.hub, self._data_dir, choice) for choice in catalogue.CHOICES},
            tuple(self._others()),
            plans,
            planning.suggestion(plans),
            context,
        )
        with self._lock:
            self._seen = seen
        return seen

    def _plan(
        self,
        choice: Choice,
        context: int,
        rates: Mapping[str, float],
        freed: int,
        device: torch.device | None,
    ) -> Plan:
        return planning.plan(
            choice, context, dtype=self._dtype, device=device, rates=rates, freed_bytes=freed
        )

    def _others(self) -> list[manifests.Manifest]:
        """Bases outside of the table that were fetched whole: they have a tokenizer, or are GGUF."""
        return [
            manifest
            for manifest in manifests.read_all(self._data_dir)
            if catalogue.published(manifest.reference.repository) is None
            and (manifest.reference.gguf_file or any("token" in file.name for file in manifest.files))
            and manifest.complete(self.hub)
        ]

    # -- doing -------------------------------------------------------------------------------------------------------

    def fetch(self, name: str, named: Named | None = None) -> None:
        """Put a model in line to be fetched. named: one of the reader's own, listed as `name`. Raises ModelError."""
        wanted = named or Named(name)
        parts = [part for part in references(wanted.model, wanted.ahn) if part is not None]
        if not parts:
            raise ModelError(
                Sentence(
                    "{name} is nothing that could be fetched: give a Hugging Face id, as owner/name.",
                    name=name,
                )
            )
        check_online(name)
        if named is not None:
            self._own[name] = named
        self.fetching.start(name, [self._part(reference) for reference in parts])
        self.look_again()

    def _part(self, reference: Reference) -> Part:
        stop = threading.Event()

        def run(report: Callable[[Progress], None]) -> None:
            if local.look(self.hub, self._data_dir, reference).presence == "whole":
                return
            Download(self.hub, self._data_dir, local.pinned(reference), report, stop).run()
            self.look_again()

        return Part(run, stop.set)

    def cancel(self, name: str) -> None:
        """End a download; what has arrived is kept."""
        self.fetching.cancel(name)
        self.look_again()

    def remove(self, name: str) -> int:
        """Delete a model's files; a base stays where another memory that is here needs it. Returns the bytes.

        Raises ModelError for the one in use, and the embedded one.
        """
        if name == "embedded" or name in (self.in_use.model, _name_of(self.in_use)):
            raise ModelError(
                Sentence("{name} is in use, so it was not deleted: use another model first.", name=name)
            )
        named = self.named(name)
        in_use = {
            part.repository for part in references(self.in_use.model, self.in_use.ahn) if part is not None
        }
        freed = 0
        for reference in references(named.model, named.ahn):
            if reference is None or reference.repository in in_use:
                continue
            if local.needed_by_others(self.hub, self._data_dir, reference, [name]):
                continue
            if local.look(self.hub, self._data_dir, reference).presence != "none":
                freed += local.remove(self.hub, self._data_dir, reference)
        self._own.pop(name, None)
        self.fetching.forget(name)
        self.look_again()
        return freed

    def is_here(self, named: Named) -> bool:
        """Whether a model can be loaded without fetching anything."""
        wanted = [reference for reference in references(named.model, named.ahn) if reference is not None]
        return all(local.look(self.hub, self._data_dir, part).presence == "whole" for part in wanted)

    def named(self, name: str) -> Named:
        """What a line of the table stands for."""
        return self._own.get(name, Named(name))

    def title(self, named: Named) -> str:
        """What to call a model."""
        path = Path(named.model).expanduser()
        if path.exists():
            return path.name
        choice = catalogue.choice_of(named.model, named.ahn)
        return choice.title if choice is not None else named.model

    def loading(self, named: Named) -> Callable[..., Any]:
        """What loads this model."""
        return self._load(named)

    def use(self, named: Named) -> None:
        """Note what is in use from now on, also for the next start."""
        self.in_use = named
        path = self._data_dir / _CHOSEN
        path.write_text(json.dumps({"model": named.model, "ahn": named.ahn}) + "\n", encoding="utf-8")
        self.look_again()

    def close(self) -> None:
        self.fetching.close()


def chosen_before(data_dir: Path) -> Named:
    """What was chosen in the page the last time; the embedded model where nothing was."""
    try:
        values = json.loads((data_dir / _CHOSEN).read_text(encoding="utf-8"))
        ahn = values.get("ahn")
        return Named(str(values["model"]), None if ahn is None else str(ahn))
    except (OSError, ValueError, KeyError, AttributeError):
        return Named("embedded")


def presence_of(hub: Hub, data_dir: Path, choice: Choice) -> tuple[local.Presence, int]:
    """Whether all, some or nothing of a line of the table is here, and its bytes."""
    from ahn_core.zoo import embedded_is_ready, embedded_path

    if choice.embedded:
        if not embedded_is_ready(data_dir):
            return "none", 0
        folder = embedded_path(data_dir)
        return "whole", sum(file.stat().st_size for file in folder.iterdir())
    parts = [local.look(hub, data_dir, part.reference) for part in choice.parts]
    nbytes = sum(part.nbytes for part in parts)
    if all(part.presence == "whole" for part in parts):
        return "whole", nbytes
    return ("part" if nbytes else "none"), nbytes


def _name_of(named: Named) -> str:
    choice = catalogue.choice_of(named.model, named.ahn)
    return choice.name if choice is not None else named.model
