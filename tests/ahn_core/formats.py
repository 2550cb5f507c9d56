"""Every format that packed weights have."""

from __future__ import annotations

from ahn_core.grouped import GroupFormat

EVERY_FORMAT = (
    GroupFormat(4),
    GroupFormat(4, affine=True),
    GroupFormat(5),
    GroupFormat(5, affine=True),
    GroupFormat(6),
    GroupFormat(8),
)
