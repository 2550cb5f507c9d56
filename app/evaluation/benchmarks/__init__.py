"""`ahn-chat eval longbench | lveval | infinitebench | ruler | all`: benchmarks of long texts, asked with each memory.

`command` has the flags, `run` asks, `record` keeps what was answered so that a run can go on, `report` shows it,
`lookup` finds the passages of the column `recall`, `quick` has small files of the benchmarks' formats.
"""

from __future__ import annotations

from app.evaluation.benchmarks.command import main, parser

__all__ = ["main", "parser"]
