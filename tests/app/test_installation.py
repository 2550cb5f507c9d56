"""How an extra is added."""

from __future__ import annotations

import pytest

from app import installation


def test_a_checkout_adds_extras_with_its_launcher_and_a_package_with_pip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert installation.added_by("sense", "ocr") == "python launch.py --with sense,ocr", (
        "tests run in a checkout"
    )
    monkeypatch.setattr(installation, "CHECKOUT", False)
    assert installation.added_by("sense", "ocr") == 'pip install "ahn-chat[sense,ocr]"'
