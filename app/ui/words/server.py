"""What the server says where there is no page to say it: refusals, and the page for who comes without the link."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ServerWords:
    """Sentences of plain text."""

    link: str
    not_served: str
    not_loaded: str
    no_token: str
    unknown_host: str
    other_site: str
    nothing_here: str
    message_too_large: str
    request_too_large: str
    upload_too_large: str
    log_in: str
    no_pictures: str
    no_such_page: str
    file_not_kept: str


SERVER = Translated(
    english=ServerWords(
        link="AHN Chat is at {link}",
        not_served="The page could not be served at {origin}; the lines above say why.",
        not_loaded="The model could not be loaded: {error}.",
        no_token=(
            "AHN Chat is private to whoever started it: open the link with ?token= that it printed in the terminal."
        ),
        unknown_host="This address is not one AHN Chat answers to; open the link printed in the terminal.",
        other_site="Requests from other sites are refused; use the AHN Chat page itself.",
        nothing_here="There is nothing at this address.",
        message_too_large="This message is larger than {limit} MB; add long texts as a file.",
        request_too_large=(
            "This request is larger than {limit} MB, so nothing was done; put the document into /v1/files and name "
            "its id."
        ),
        upload_too_large=(
            "This upload is larger than {limit} MB, so nothing was taken; start with --max-upload-mb to allow more."
        ),
        log_in="Log in to see the documents.",
        no_pictures="There are no pictures of the pages of {name}; read its text.",
        no_such_page="{name} has {total} pages, and this is none of them; choose one it has.",
        file_not_kept="The file of {name} was not kept, so it cannot be saved; its text can.",
    ),
)
