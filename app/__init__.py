"""AHN Chat: documents, library, sessions, chat engine and page on top of `ahn_core`."""

__version__ = "0.1.0"
