"""Many chats at once over one engine, with random stops, edits and closings.

python -m tests.soak --chats 20 --seconds 600
"""
