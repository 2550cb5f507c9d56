"""The commands of `ahn-chat`, a module each; `app.cli` finds the one that was asked for.

`actions` is what commands with several actions share, `questions` what `ask` does with many of them.
"""
