"""The colours of both themes: text 4.5:1, edges of fields and bars 3:1, on whatever they stand."""

from __future__ import annotations

import re

import pytest

from app.paths import assets_dir

TEXT = ("ink", "ink-soft", "dim", "error", "warn", "recalled", "window", "memory-text")
GRAPHICS = ("edge", "sinks", "window", "memory", "recalled", "full")
GROUNDS = ("ground", "paper", "wash")


def colours(theme: str) -> dict[str, str]:
    """The variables of `assets/ui`, by name; the dark theme changes some of the light one's."""
    found: dict[str, str] = {}
    for name in ("page.css", "reader.css"):
        style = (assets_dir() / "ui" / name).read_text("utf-8")
        for selector in (":root", "body.dark") if theme == "dark" else (":root",):
            block = re.search(re.escape(selector) + r" \{(.*?)\}", style, re.DOTALL)
            assert block is not None, (name, selector)
            found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block[1]))
    return found


def contrast(one: str, two: str) -> float:
    """The ratio of WCAG 2.2, from 1 to 21."""

    def luminance(colour: str) -> float:
        parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_edges_stand_out(theme: str) -> None:
    of = colours(theme)
    weak = [
        f"{name} on {ground}: {ratio:.2f}"
        for names, least in ((TEXT, 4.5), (GRAPHICS, 3.0))
        for name in names
        for ground in GROUNDS
        if (ratio := contrast(of[name], of[ground])) < least
    ]
    assert weak == []
