"""Sizes, numbers and times as people read them."""

from __future__ import annotations


def size_words(count: float) -> str:
    """Bytes: "15.2 GB", "491 MB", "7 kB"."""
    for limit, unit, digits in ((1e9, "GB", 1), (1e6, "MB", 0), (1e3, "kB", 0)):
        if count >= limit * 0.9995:
            return f"{count / limit:.{digits}f} {unit}"
    return f"{count:.0f} bytes"


def duration_words(seconds: float) -> str:
    """Seconds: "40 s", "12 min", "3.5 h", "6 days"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def flops_words(count: float) -> str:
    """Operations: "5.1 PFLOP"."""
    for limit, unit in ((1e18, "EFLOP"), (1e15, "PFLOP"), (1e12, "TFLOP")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count / 1e9:.1f} GFLOP"
