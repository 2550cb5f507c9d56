"""The models' tab, and what an answer says of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ModelWords:
    """presence: what of a model is on the disk. columns: of the table of costs. kind: the rows of that table."""

    tab: str
    heading: str
    about: str
    context_label: str
    in_use: str
    suits: str
    presence: Mapping[str, str]
    download: str
    licence: str
    parameters: str
    memory_adds: str
    fits: str
    fits_not: str
    fits_unknown: str
    costs_of: str
    columns: Mapping[str, str]
    kind: Mapping[str, str]
    of_full: str
    weights: str
    loading: str
    device: str
    time_from: str
    time_own: str
    time_unknown: str
    beyond_trained: str
    fetch: str
    go_on: str
    stop: str
    use: str
    use_title: str
    remove: str
    ask_remove: str
    removed: str
    show_costs: str
    hide_costs: str
    fetching: str
    fetching_known: str
    checking: str
    asking: str
    waiting: str
    answered_by: str
    other: str
    other_placeholder: str
    other_memory_placeholder: str
    other_use: str
    cannot_switch: str
    busy: str
    switching: str
    kept_old: str
    switched: str
    embedded_note: str
    offer: str
    offer_show: str
    notes: Mapping[str, str]


MODELS = Translated(
    english=ModelWords(
        tab="Models",
        heading="Models",
        about="What each takes is counted for this computer, before anything is downloaded.",
        context_label="Tokens read",
        in_use="in use",
        suits="suits this computer",
        presence={
            "whole": "on this computer",
            "part": "in part on this computer",
            "none": "not on this computer",
        },
        download="download {size}",
        licence="licence {name}",
        parameters="{n} billion weights",
        memory_adds="AHN adds {n} million",
        fits="fits: needs {needed} of {free} free",
        fits_not="does not fit: needs {needed}, {free} free",
        fits_unknown="needs {needed}",
        costs_of="What {tokens} tokens take",
        columns={"cache": "cache", "mixing": "mixing", "model": "all operations", "time": "read in"},
        kind={"full": "full attention", "window": "window alone", "ahn": "window + AHN"},
        of_full="{percent} of full",
        weights="weights {size}",
        loading="at most {size} while loading",
        device="{dtype} on {device}",
        time_from="Times are scaled from the speed of {model} on this computer.",
        time_own="Times go by the speed this model was measured at on this computer.",
        time_unknown="Nothing has been read on this computer yet, so no time can be told.",
        beyond_trained="Full attention was trained for {tokens} tokens; beyond them it is not the base any more.",
        fetch="Download",
        go_on="Go on downloading",
        stop="Cancel",
        use="Use",
        use_title="Load {model} and go on with it",
        remove="Delete the files of {model}",
        ask_remove="Delete the files of {model}? That frees {size}.",
        removed="The files of {model} are deleted; that freed {size}.",
        show_costs="costs",
        hide_costs="hide costs",
        fetching="{done} of {total}",
        fetching_known="{done} of {total} · {rate} a second · {left}",
        checking="checking",
        asking="asking the hub",
        waiting="another program is fetching it",
        answered_by="answered by {model}",
        other="A model of your own",
        other_placeholder="Folder, .gguf file or Hugging Face id",
        other_memory_placeholder="AHN: folder or Hugging Face id (or nothing)",
        other_use="Use this model",
        cannot_switch="This page was started without the means to load another model; start it with --model.",
        busy="Something is still being written, added or compared; wait for it, or stop it, and choose Use again.",
        switching="Changing to {model}",
        kept_old="{error} The model before is in use again.",
        switched="{model} is in use. Documents that it has not read wait until you let it read them.",
        embedded_note="comes with AHN Chat; nothing has to be chosen",
        offer="This computer could also run {model}, which answers better.",
        offer_show="See the models",
        notes={
            "noncommercial": "not for commercial use",
            "no-memory": "no AHN was published for it: beyond its window it only looks things up",
        },
    ),
)
