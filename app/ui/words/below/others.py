"""A sentence from below the page, in the languages other than English."""

from __future__ import annotations

from typing import NamedTuple


class Others(NamedTuple):
    """Templates with the placeholders of the English one."""

    german: str
    chinese: str
