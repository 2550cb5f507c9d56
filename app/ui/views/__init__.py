"""Pieces of the page drawn as HTML and SVG: pure functions from dataclasses to escaped text.

Nothing here imports gradio, reads a clock or asks the model; every number arrives as an argument.
"""
