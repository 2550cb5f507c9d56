"""Killing the program at any moment: what was said to be kept is there at the next start.

python -m tests.kill --count 50 --seed 1
"""
