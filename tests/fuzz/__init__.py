"""Hostile files for the documents' readers: seeds of every format, mutations of them, and what came of each.

python -m tests.fuzz --count 10000 --seed 1
"""
