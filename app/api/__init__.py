"""The OpenAI protocol over the chats of this program: every tool that speaks it reads documents of any length.

    api = Api(loader, ApiOptions("the key", data_dir))
    api.routes()                    # Starlette routes: /v1/…, /health and /metrics
    api.close()

Nothing here knows the page. What is answered is answered by `app.conversation`: a request is turned into one of its
chats, which goes on from where the last one with the same beginning of messages stood (`conversations.py`).
"""

from app.api.options import ApiOptions
from app.api.routes import Api, Loader

__all__ = ["Api", "ApiOptions", "Loader"]
