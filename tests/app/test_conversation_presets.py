"""Settings with a name, and numbers that settings refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ahn_core import SamplingSettings
from app.conversation import ChatError, ChatSettings, SettingsError
from app.conversation.presets import DEFAULTS, differences, shipped
from tests.app.chatting import SETTINGS, World


def test_what_is_saved_under_a_name_is_there_after_a_restart(world: World) -> None:
    world.engine.presets.save("  My   own ", SETTINGS)
    world.restart()
    presets = world.engine.presets
    assert presets.get("My own").settings == SETTINGS and not presets.get("My own").shipped
    assert presets.name_of(SETTINGS) == "My own"
    other = replace(SETTINGS, max_new_tokens=99)
    presets.save("My own", other)
    assert [one.name for one in presets.all() if not one.shipped] == ["My own"]
    assert presets.get("My own").settings == other
    presets.delete("My own")
    with pytest.raises(ChatError, match="no preset “My own”.*choose one from the list"):
        presets.get("My own")


def test_new_chats_start_with_what_was_chosen_for_them(world: World) -> None:
    presets = world.engine.presets
    assert presets.for_new_chats().settings == world.engine.default_settings()
    presets.save("Mine", SETTINGS)
    presets.choose_for_new_chats("Mine")
    world.restart()
    presets = world.engine.presets
    assert presets.for_new_chats().name == "Mine"
    presets.choose_for_new_chats("Exact")
    assert presets.for_new_chats().settings.sampling.temperature == 0
    presets.choose_for_new_chats("Mine")
    presets.delete("Mine")
    assert presets.for_new_chats().name == DEFAULTS


def test_the_presets_that_come_with_the_app_are_all_different_and_stay(world: World) -> None:
    presets = world.engine.presets
    own = shipped(world.engine.default_settings())
    assert len({one.settings for one in own}) == len(own) == len({one.name for one in own})
    for one in own:
        one.settings.check_fits(world.engine.model.config.max_position_embeddings)
        with pytest.raises(ChatError, match="comes with the app"):
            presets.save(one.name.upper(), SETTINGS)
        with pytest.raises(ChatError, match="comes with the app"):
            presets.delete(one.name)


def test_names_that_cannot_be_given_are_refused_in_a_sentence(world: World) -> None:
    presets = world.engine.presets
    for name, words in ((" ", "has no name"), ("x" * 61, "61 characters, over the 60")):
        with pytest.raises(ChatError, match=words):
            presets.save(name, SETTINGS)
    with pytest.raises(SettingsError, match="over the 512"):
        presets.save("Wide", replace(SETTINGS, sliding_window=9000))
    with pytest.raises(ChatError, match="nothing was deleted"):
        presets.delete("nobody's")


def test_a_preset_that_cannot_be_read_costs_itself_alone(world: World) -> None:
    world.engine.presets.save("Mine", SETTINGS)
    world.engine.store.presets.save("Harmed", {"memory": "dreams"})
    assert [one.name for one in world.engine.presets.all() if not one.shipped] == ["Mine"]
    with world.engine.store.database.writing() as connection:
        connection.execute("UPDATE presets SET settings = 'nonsense' WHERE name = 'Mine'")
    assert all(one.shipped for one in world.engine.presets.all())


def test_differences_name_every_field_that_is_not_the_default() -> None:
    sampling = replace(ChatSettings().sampling, temperature=0.7)
    changed = replace(ChatSettings(), sliding_window=480, sampling=sampling)
    assert differences(changed, ChatSettings()) == [
        ("sliding_window", 480, 960),
        ("temperature", 0.7, 0.0),
    ]
    assert differences(ChatSettings(), ChatSettings()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sliding_window": -5}, "“sliding window” is -5, not a whole number of 1 or more.*from 1 on"),
        ({"sliding_window": 4096.5}, "is 4096.5, not a whole number"),
        ({"attention_sinks": -1}, "“attention sinks” is -1.*from 0 on"),
        ({"max_new_tokens": 0}, "“longest answer” is 0.*from 1 on"),
        ({"sampling": SamplingSettings(top_k=1.5)}, "“top-k” is 1.5"),  # type: ignore[arg-type]
        ({"sampling": SamplingSettings(seed=2**63)}, "seed is 9223372036854775808, .* or leave it out"),
    ],
)
def test_a_number_out_of_range_is_one_sentence(change: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        replace(ChatSettings(), **change)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_no_sampling_takes_what_is_no_number(value: float) -> None:
    for name in ("temperature", "top_p", "min_p", "repetition_penalty"):
        with pytest.raises(ValueError, match=f"{name} is .*choose a value"):
            SamplingSettings(**{name: value})
