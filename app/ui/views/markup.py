"""Numbers as people read them, and the few HTML shapes that several views share."""

from __future__ import annotations

from html import escape

from app.ui.words.below import told
from app.ui.words.common import COMMON
from app.ui.words.translated import number

# One name a tier, used as a CSS class everywhere: bar, page strip, token tint, comparison headers. `assets/ui/page.css`
# gives each its one colour.
SINKS, WINDOW, MEMORY, FULL, UNREAD, BLANK = "sinks", "window", "memory", "full", "unread", "blank"
RECALLED = "recalled"


def text(value: object) -> str:
    """`value` escaped for HTML, inside quoted attributes too: names and texts come from strangers' files.

    A sentence from below the page comes in the language that is being spoken.
    """
    return escape(told(str(value)), quote=True)


def count(value: int) -> str:
    """1234567 -> "1,234,567"."""
    return number(value)


def size(nbytes: int) -> str:
    """Bytes in decimal units with about three digits: 52428800 -> "52.4 MB"."""
    value, unit = float(nbytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{number(value, '.0f' if unit == 'B' or value >= 99.95 else '.1f')} {unit}"


def rate(tokens_per_second: float | None) -> str:
    """Tokens a second, or a dash before there is a measurement."""
    if tokens_per_second is None or tokens_per_second <= 0:
        return COMMON().rate.format(n="–")
    return COMMON().rate.format(n=number(tokens_per_second, ",.0f" if tokens_per_second >= 10 else ".1f"))


def duration(seconds: float | None) -> str:
    """A stretch of time in its largest sensible unit: 0.31 -> "0.3 s", 130 -> "2 min", 4000 -> "1 h 7 min"."""
    if seconds is None:
        return "–"
    w = COMMON()
    if seconds < 99.5:
        return w.seconds.format(n=number(max(seconds, 0), ".1f" if seconds < 9.95 else ".0f"))
    minutes = round(seconds / 60)
    if minutes < 60:
        return w.minutes.format(n=minutes)
    return w.hours.format(hours=minutes // 60, minutes=minutes % 60)


def left(seconds: float) -> str:
    """How long something will still take."""
    return COMMON().left.format(time=duration(seconds))


def percent(fraction: float) -> str:
    """A share in whole percent; only a complete one is 100%."""
    return "100%" if fraction >= 1 else f"{min(int(fraction * 100), 99)}%"


def progress(fraction: float, tier: str = WINDOW, *, label: str) -> str:
    """A thin bar. `label` names it for screen readers."""
    width = 100 * min(max(fraction, 0.0), 1.0)
    return (
        f'<div class="meter" role="progressbar" aria-label="{text(label)}" aria-valuemin="0" aria-valuemax="100"'
        f' aria-valuenow="{width:.0f}"><span class="fill {text(tier)}" style="width:{width:.1f}%"></span></div>'
    )


def button(
    label: str, action: str, *, css: str = "link", title: str = "", icon: str = "", **data: object
) -> str:
    """A button that reports `action` and `data` to the server."""
    fields = "".join(f' data-{text(key.replace("_", "-"))}="{text(value)}"' for key, value in data.items())
    aria = f' aria-label="{text(title)}" title="{text(title)}"' if title else ""
    opening = f'<button type="button" class="{css}" data-action="{text(action)}"{fields}{aria}>'
    return f"{opening}{icon}{text(label)}</button>"


def line(left: str, right: str = "", css: str = "") -> str:
    """One line of HTML, with a number or two at its right end."""
    end = f'<span class="num">{right}</span>' if right else ""
    return f'<div class="line{f" {css}" if css else ""}">{left}{end}</div>'


def name(value: str) -> str:
    """A name that may be cut short where there is no room, with the whole of it as its title."""
    return f'<span class="name" title="{text(value)}">{text(value)}</span>'


def icon(path: str) -> str:
    """A 16-unit line icon from SVG path data."""
    return (
        '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"><path d="{path}"/></svg>'
    )


ICON_CLOSE = icon("M4 4l8 8M12 4l-8 8")
ICON_PLAY = icon("M5 3.5v9l7-4.5z")
ICON_PAUSE = icon("M5.5 3.5v9M10.5 3.5v9")
ICON_PLUS = icon("M8 3v10M3 8h10")
ICON_PEN = icon("M3 13l.6-2.8L10.8 3a1.3 1.3 0 0 1 2 2l-7.1 7.2z")
ICON_BIN = icon("M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5")
ICON_COPY = icon("M5.5 5.5V3h7.5v7.5h-2.5M3 5.5h7.5V13H3z")
ICON_AGAIN = icon("M13 8a5 5 0 1 1-1.5-3.6M13 2.5V5h-2.5")
ICON_BACK = icon("M6 4L3 7l3 3M3 7h6a4 4 0 0 1 0 6H7")
ICON_SEARCH = icon("M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7L14 14")
