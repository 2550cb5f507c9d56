"""Stored JSON as values, with tolerance: a later version's fields are left aside, missing ones take their defaults.

A value that cannot be had honestly is not made up: the caller gets ValueError with the reason, and that row alone is
unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Made = TypeVar("Made", bound="DataclassInstance")


def make(cls: type[Made], values: object, **changes: object) -> Made:
    """A dataclass of its own fields in `values`, with `changes` in place of what is there.

    Raises ValueError where `values` is no object, a field without a default is missing, or a value is refused.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"{cls.__name__} is {type(values).__name__} and not an object")
    given: dict[str, Any] = {**values, **changes}
    known = fields(cls)
    missing = [
        one.name
        for one in known
        if one.name not in given and one.default is MISSING and one.default_factory is MISSING
    ]
    if missing:
        raise ValueError(f"{cls.__name__} has no {', '.join(missing)}")
    try:
        return cls(**{one.name: given[one.name] for one in known if one.name in given})
    except TypeError as error:  # a value of another type, found by the class itself
        raise ValueError(f"{cls.__name__}: {error}") from error


def number(value: object, name: str) -> float:
    """A finite number. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise ValueError(f"{name} is {value!r} and not a number")
    return value


def whole(value: object, name: str, least: int = 0) -> int:
    """A whole number of at least `least`. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} is {value!r} and not a whole number of {least} or more")
    return value


def text(value: object, name: str) -> str:
    """A string. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r} and not a text")
    return value
