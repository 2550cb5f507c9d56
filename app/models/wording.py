"""Sizes, numbers and times as people read them."""

from __future__ import annotations

from app.sentences import Sentence


def size_words(count: float) -> str:
    """Bytes: "15.2 GB", "491 MB", "7 kB"."""
    if count >= 1e9 * 0.9995:
        return Sentence("{count:.1f} GB", count=count / 1e9)
    if count >= 1e6 * 0.9995:
        return Sentence("{count:.0f} MB", count=count / 1e6)
    if count >= 1e3 * 0.9995:
        return Sentence("{count:.0f} kB", count=count / 1e3)
    return Sentence("{count:.0f} bytes", count=count)


def duration_words(seconds: float) -> str:
    """Seconds: "40 s", "12 min", "3.5 h", "6 days"."""
    if seconds < 90:
        return Sentence("{count:.0f} s", count=seconds)
    if seconds < 5_400:
        return Sentence("{count:.0f} min", count=seconds / 60)
    if seconds < 172_800:
        return Sentence("{count:.1f} h", count=seconds / 3600)
    return Sentence("{count:.0f} days", count=seconds / 86_400)


def flops_words(count: float) -> str:
    """Operations: "5.1 PFLOP"."""
    for limit, unit in ((1e18, "EFLOP"), (1e15, "PFLOP"), (1e12, "TFLOP")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count / 1e9:.1f} GFLOP"
