"""`ahn-chat models`: which models there are, fetching, checking and removing them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import options, paths
from app.commands.actions import Actions, confirmed
from app.options import CommandFailed
from app.progress import ProgressLine

if TYPE_CHECKING:
    from app.models.catalogue import Choice
    from app.models.hub import Hub
    from app.models.local import Local
    from app.models.planning import Plan
    from app.models.reference import Reference

_CONTEXT = 128_000  # tokens for which it is told whether a model fits


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat models`."""
    actions = Actions(
        "models",
        "The models there are, and which of them are on this computer. A model is named by its name in the "
        "list, or a Hugging Face id: owner/name, owner/name@commit, owner/name:file.gguf.",
    )

    def action(name: str, help: str) -> argparse.ArgumentParser:
        made = actions.add(name, help)
        made.add_argument("--offline", action="store_true", help="never use the network")
        return made

    action("list", "Show the models with size, licence, what of them is here, and whether they fit.")
    action("get", "Fetch a model; what was cut off goes on where it ended.").add_argument(
        "models", nargs="+", metavar="MODEL"
    )
    action("verify", "Hold the files of a model against their hashes.").add_argument(
        "models", nargs="+", metavar="MODEL"
    )
    remove = action("remove", "Delete the files of a model.")
    remove.add_argument("models", nargs="+", metavar="MODEL")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    return actions.parser


def main(argv: Sequence[str]) -> int:
    """Run one action; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = parser().parse_args(argv)
    folder = paths.data_dir(arguments.data_dir)
    options.apply_to_environment(folder, arguments.offline)
    paths.prepare(folder)
    from ahn_core.config import ConfigError
    from ahn_core.weights.errors import LoadError
    from ahn_core.zoo import ZooError
    from app.models.hub import Hub
    from app.store import StoreError

    act: Callable[[Hub, Path, argparse.Namespace], int] = _ACTIONS[arguments.action]
    try:
        return act(Hub(), folder, arguments)
    except (LoadError, ConfigError, ZooError, StoreError) as error:
        raise CommandFailed(str(error)) from error


def _list(hub: Hub, data_dir: Path, arguments: argparse.Namespace) -> int:
    from app.models import catalogue, manifests, planning
    from app.models.wording import size_words

    rates = measured_rates(data_dir)
    plans = {choice.name: planning.plan(choice, _CONTEXT, rates=rates) for choice in catalogue.CHOICES}
    suggested = planning.suggestion(plans)
    rows = [_row(hub, data_dir, choice, plans[choice.name]) for choice in catalogue.CHOICES]
    others = [
        manifest
        for manifest in manifests.read_all(data_dir)
        if catalogue.published(manifest.reference.repository) is None
    ]
    if arguments.json:
        more = [
            {"name": str(manifest.reference), "disk": "whole" if manifest.complete(hub) else "part",
             "disk_bytes": manifest.nbytes}
            for manifest in others
        ]  # fmt: skip
        _print_json({"models": rows, "others": more, "suggested": suggested, "context": _CONTEXT})
        return 0
    print(f"{'name':<11}{'model':<43}{'download':>9}  {'here':<8}{'licence':<24}at {_CONTEXT:,} tokens")
    for choice, row in zip(catalogue.CHOICES, rows, strict=True):
        mark = "  ← suits this machine" if choice.name == suggested else ""
        print(
            f"{choice.name:<11}{choice.title:<43}{size_words(choice.download_bytes):>9}  {row['here']:<8}"
            f"{choice.licence:<24}{row['fit']}{mark}"
        )
    for manifest in others:
        here = "yes" if manifest.complete(hub) else "in part"
        print(f"{'':<11}{manifest.reference!s:<43}{size_words(manifest.nbytes):>9}  {here:<8}")
    notes = {choice.note: choice.name for choice in catalogue.CHOICES if choice.note}
    for note in notes:
        names = ", ".join(choice.name for choice in catalogue.CHOICES if choice.note == note)
        print(f"{names}: {note}.")
    return 0


def _row(hub: Hub, data_dir: Path, choice: Choice, planned: Plan) -> dict[str, Any]:
    from app.models import planning
    from app.models.desk import presence_of

    presence, nbytes = presence_of(hub, data_dir, choice)
    return {
        "name": choice.name,
        "title": choice.title,
        "licence": choice.licence,
        "note": choice.note,
        "repositories": [str(part.reference) for part in choice.parts],
        "download_bytes": choice.download_bytes,
        "parameters": choice.parameters,
        "memory_parameters": choice.memory_parameters,
        "disk": presence,
        "disk_bytes": nbytes,
        "here": {"whole": "yes", "part": "in part", "none": "no"}[presence],
        "fits": planned.fits,
        "fit": planning.fit_sentence(planned),
    }


def _get(hub: Hub, data_dir: Path, arguments: argparse.Namespace) -> int:
    from ahn_core import zoo
    from app.models import local
    from app.models.downloads import sentence
    from app.models.loading import describe
    from app.models.wording import size_words

    progress = ProgressLine(sys.stderr)
    got: list[Local] = []
    try:
        for name in arguments.models:
            for reference in _references(name):
                if reference is None:
                    zoo.embedded_path(data_dir, progress=lambda step: progress(*describe(step)))
                    progress.note(f"{zoo.EMBEDDED.name} is on this computer.")
                    continue
                found = local.ensure(
                    hub, data_dir, reference, lambda step: progress(sentence(step), step.fraction)
                )
                got.append(found)
                progress.note(f"{reference} is on this computer ({size_words(found.nbytes)}).")
    finally:
        progress.clear()
    if arguments.json:
        _print_json([_local_values(found) for found in got])
    return 0


def _verify(hub: Hub, data_dir: Path, arguments: argparse.Namespace) -> int:
    from ahn_core import zoo
    from app.models import local

    progress = ProgressLine(sys.stderr)
    results: list[dict[str, Any]] = []
    for name in arguments.models:
        for reference in _references(name):
            called = zoo.EMBEDDED.name if reference is None else str(reference)
            if reference is None:
                ready = zoo.embedded_is_ready(data_dir)
                problems = [] if ready else ["It is not here, or not whole; the next start fetches it."]
            else:
                problems = local.verify(hub, data_dir, reference, partial(_tell, progress, called))
            results.append({"name": called, "problems": problems})
    progress.clear()
    if arguments.json:
        _print_json(results)
    else:
        for result in results:
            state = " ".join(result["problems"]) or "every file has the right hash."
            print(f"{result['name']}: {state}")
    return 1 if any(result["problems"] for result in results) else 0


def _tell(progress: ProgressLine, called: str, file: str) -> None:
    progress(f"Checking {called}: {file}")


def _remove(hub: Hub, data_dir: Path, arguments: argparse.Namespace) -> int:
    from app.models import local
    from app.models.wording import size_words

    named = dict.fromkeys(reference for name in arguments.models for reference in _references(name))
    if None in named:
        raise CommandFailed(
            "The embedded model is what AHN Chat starts with, so it stays; delete its folder under models in the data "
            "folder by hand if it is in the way."
        )
    references = [
        reference
        for reference in named
        if reference is not None
        and not local.needed_by_others(hub, data_dir, reference, arguments.models)
        and local.look(hub, data_dir, reference).presence != "none"
    ]
    if not references:
        raise CommandFailed(
            f"Of {', '.join(arguments.models)} nothing is on this computer that no other model needs, so nothing was "
            "removed: `ahn-chat models list` shows what is here."
        )
    shown = ", ".join(map(str, references))
    # With --json, standard output is for the JSON alone.
    told = sys.stderr if arguments.json else sys.stdout
    if not arguments.yes and not confirmed(f"the files of {shown}", told):
        print("Nothing was removed.", file=told)
        return 1
    freed = sum(local.remove(hub, data_dir, reference) for reference in references)
    if arguments.json:
        _print_json({"removed": [str(reference) for reference in references], "freed_bytes": freed})
    else:
        print(f"Removed {shown}: {size_words(freed)} are free again.")
    return 0


def _references(name: str) -> list[Reference | None]:
    """The repositories that a name stands for; None is the embedded model. Raises CommandFailed for no name of any."""
    from app.models import catalogue
    from app.models.ready import references

    choice = catalogue.find(name)
    if choice is not None and choice.embedded:
        return [None]
    found = [reference for reference in references(name, None) if reference is not None]
    if not found:
        raise CommandFailed(
            f"{name!r} is no model of the list and no Hugging Face id, so nothing was done: `ahn-chat models list` "
            "shows the names."
        )
    return list(found)


def measured_rates(data_dir: Path) -> Mapping[str, float]:
    """The reading speeds this machine has measured; none where nothing has been read yet."""
    from app.store import Store

    if not (data_dir / "store.sqlite3").is_file():
        return {}
    with Store(data_dir) as store:
        return store.rates.all()


def _local_values(found: Local) -> dict[str, Any]:
    values = {**asdict(found), "reference": str(found.reference), "folder": str(found.folder)}
    return values


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


_ACTIONS = {"list": _list, "get": _get, "verify": _verify, "remove": _remove}
