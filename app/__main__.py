"""`python -m app` is `ahn-chat`."""

from app.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
