"""What the page says by itself, without the server: handed to `assets/ui/words.js` as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui.words.translated import Translated


@dataclass(frozen=True)
class ScriptWords:
    """Sentences of the scripts in `assets/ui`; their placeholders are filled in there."""

    ask: str
    model_loading: str
    documents_to_add: str
    this_folder: str
    empty_folder: str
    too_many: str
    too_many_files: str
    too_large: str
    megabytes: str
    cut_off: str
    lost_heading: str
    lost: str
    dismiss: str
    not_found: str
    place_of: str
    no_picture: str
    you: str
    drop_here: str
    chats_to_import: str


SCRIPT = Translated(
    english=ScriptWords(
        ask="Ask about your documents",
        model_loading="The model is being loaded",
        documents_to_add="Documents to add",
        this_folder="This folder",
        empty_folder="There is no document in this folder that can be read.",
        too_many="Too many files",
        too_many_files="These are more than {most} files, so none was sent; add fewer at a time.",
        too_large=(
            "{name} has {size}, over the limit of {most}, so it was not sent; start with --max-upload-mb to allow more."
        ),
        megabytes="{n} MB",
        cut_off="The upload was cut off before it was complete; add the file again.",
        lost_heading="AHN Chat does not answer",
        lost=(
            "It has been stopped, or this computer has just woken up. Everything it had is kept, and what you are "
            "typing stays here. This page goes on by itself as soon as AHN Chat runs again at this address."
        ),
        dismiss="Dismiss",
        not_found="not found",
        place_of="{n} of {total}",
        no_picture="The picture of this page did not arrive; turn the page and back.",
        you="You",
        drop_here="Drop to add to this chat",
        chats_to_import="Chats to import",
    ),
)
