"""The settings: the form, the model's facts, what the memory costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class SettingsWords:
    """kind: the kinds of memory to choose from. field: what the number fields are called in a sentence."""

    answers: str
    temperature: str
    temperature_info: str
    top_p: str
    top_p_info: str
    min_p: str
    min_p_info: str
    repetition_penalty: str
    repetition_penalty_info: str
    top_k: str
    top_k_info: str
    max_new_tokens: str
    max_new_tokens_info: str
    seed: str
    seed_info: str
    recall: str
    recall_info: str
    system_prompt: str
    system_prompt_info: str
    memory: str
    kind_label: str
    kind: Mapping[str, str]
    attention_sinks: str
    attention_sinks_info: str
    sliding_window: str
    sliding_window_info: str
    apply: str
    in_use: str
    in_use_read_again: str
    field: Mapping[str, str]
    field_empty: str
    seed_not_whole: str
    full_cost_html: str
    window_cost_html: str
    read_again: str
    read_again_about: str


@dataclass(frozen=True)
class FactsWords:
    """The table about the model."""

    heading: str
    model: str
    family: str
    parameters: str
    millions: str
    memory: str
    memory_value: str
    trained: str
    yes: str
    not_trained: str
    trained_length: str
    layers: str
    device: str
    device_value: str
    compiled: str
    licence: str
    own_licence: str
    origin: str
    given_by_you: str
    loading: str


SETTINGS = Translated(
    english=SettingsWords(
        answers="Answers",
        temperature="Temperature",
        temperature_info="0 always takes the likeliest token; up to 5",
        top_p="Top-p",
        top_p_info="smallest set of tokens with this probability; above 0, up to 1",
        min_p="Min-p",
        min_p_info="share of the best token's probability, up to 1; 0 is off",
        repetition_penalty="Repetition penalty",
        repetition_penalty_info="1 is off; so is 1.15 where there are quotes to copy",
        top_k="Top-k",
        top_k_info="0 is off",
        max_new_tokens="Longest answer",
        max_new_tokens_info="in tokens",
        seed="Seed",
        seed_info="a whole number, or nothing",
        recall="Look things up in the text",
        recall_info="quotes with their pages before each answer; without it, window and memory alone",
        system_prompt="System prompt",
        system_prompt_info="changing it reads the documents anew",
        memory="Memory",
        kind_label="Kind of memory",
        kind={
            "ahn": "AHN: sinks and window word for word, the rest remembered",
            "window": "Window only: the rest forgotten",
            "full": "Full attention: everything kept, memory grows",
        },
        attention_sinks="Sinks",
        attention_sinks_info="first tokens, always kept word for word",
        sliding_window="Window",
        sliding_window_info="last tokens, kept word for word",
        apply="Use these settings",
        in_use="These settings are in use.",
        in_use_read_again="These settings are in use, and the documents are read again.",
        field={
            "attention_sinks": "attention sinks",
            "sliding_window": "sliding window",
            "top_k": "top k",
            "max_new_tokens": "max new tokens",
            "temperature": "temperature",
            "top_p": "top-p",
            "min_p": "min-p",
            "repetition_penalty": "repetition penalty",
        },
        field_empty="The field for {field} is empty; give a number.",
        seed_not_whole="The seed {seed} is not a whole number; give one, or leave the field empty.",
        full_cost_html="Full attention takes <b>{size}</b> for {tokens} tokens, and more for more.",
        window_cost_html=(
            "{sinks} sinks and a window of {window} tokens take <b>{size}</b>, whatever the length of the documents."
        ),
        read_again="The documents will be read again: {tokens} tokens.",
        read_again_about="The documents will be read again: {tokens} tokens, about {time}.",
    ),
)

FACTS = Translated(
    english=FactsWords(
        heading="Model",
        model="Model",
        family="Family",
        parameters="Parameters",
        millions="{n} million",
        memory="Memory",
        memory_value="{cell}, {n} million parameters",
        trained="Memory trained",
        yes="yes",
        not_trained="no: it adds nothing yet",
        trained_length="Trained length",
        layers="Layers",
        device="Device",
        device_value="{device}, {dtype}; another one is chosen at the start, with --device and --dtype",
        compiled="Compiled",
        licence="Licence",
        own_licence="see the model's own",
        origin="Origin",
        given_by_you="given by you",
        loading="The model is being loaded.",
    ),
)
