"""Every public name says what it is, and the reference is made from that."""

from __future__ import annotations

import inspect
import runpy
import warnings
from pathlib import Path

import pytest

import ahn_core

ROOT = Path(__file__).resolve().parents[2]
LITERALS = {"CacheKind"}  # a type without a docstring of its own: the package's tells what it is
CLASSES = [name for name in ahn_core.__all__ if inspect.isclass(getattr(ahn_core, name))]


@pytest.mark.parametrize("name", [name for name in ahn_core.__all__ if name not in LITERALS])
def test_every_public_name_says_what_it_is(name: str) -> None:
    made = getattr(ahn_core, name)
    words = made.__doc__ or ""
    assert len(words.split()) > 5, name
    # A dataclass without a docstring gets its signature as one, and an exception inherits its parent's.
    assert not words.startswith(f"{name}(")
    assert made.__doc__ not in (Exception.__doc__, ValueError.__doc__, RuntimeError.__doc__)


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_method_says_what_it_does(name: str) -> None:
    for member, value in vars(getattr(ahn_core, name)).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not member.startswith("_") and (callable(function) or isinstance(value, property)):
            assert getattr(function, "__doc__", None), f"{name}.{member}"


def test_types_without_a_docstring_stand_in_that_of_the_package() -> None:
    assert all(f"`{name}`" in (ahn_core.__doc__ or "") for name in LITERALS)


def test_the_reference_is_made(tmp_path: Path) -> None:
    pytest.importorskip("pdoc")
    make = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))["main"]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # of a name that does not resolve
        make(tmp_path)
    page = (tmp_path / "ahn_core.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in page for name in ahn_core.__all__)
