"""Benchmarks of long texts: what is asked, how the prompt is made, and how an answer is scored, one module each.

Prompts, lengths and metrics are the published ones; each module says whose. `sample.py` has what they share.
"""
