"""The cards of documents, what they offer beside their reading, and the line above the chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.ui.words.translated import Plural, Translated


@dataclass(frozen=True)
class DocumentWords:
    """Documents on their way into the library and into the model's memory.

    encoding: what people call the encodings that can be chosen, by the name that Python knows.
    """

    heading: str
    add_title: str
    drop_hint: str
    all: str
    all_title: str
    in_library: str
    read_earlier: str
    read_later: str
    about_tokens: str
    remove: str
    read_in_full: str
    read_on: str
    try_again: str
    held_title: str
    measuring: str
    in_line_about: str
    counting: str
    counting_about: str
    paused_at: str
    stopped_at: str
    dismiss: str
    cancel: str
    working_out_time: str
    taking_out_text: str
    recognise_text: str
    no_text_layer_at_all: str
    no_text_layer: Plural
    more_stretches: str
    read_share: str
    share_read: str
    kept_from_earlier: str
    estimate: str
    about_time: str
    time_not_measured: str
    scan_one_page: str
    scan: str
    import_error: str
    not_uploaded_here: str
    recognising: str
    reading_again: str
    read_again: str
    read_again_title: str
    better_text: str
    recognition_missing: str
    recognise: str
    recognise_pages_of: str
    no_right_text: str
    read_as: str
    read_as_instead: str
    change: str
    change_title: str
    keep_encoding: str
    encoding_of: str
    doing_label: str
    encoding: Mapping[str, str]
    file_not_kept: str
    nothing_recognised: str
    page_not_recognised: str
    encoding_not_offered: str
    taken_out_already: str
    taken_out_again: str
    stays_as_it_was: str
    retake_error: str


DOCUMENTS = Translated(
    english=DocumentWords(
        heading="Documents",
        add_title="Add documents: PDF, Word, Excel, PowerPoint, OpenDocument, EPUB, HTML, mail, text and more",
        drop_hint=(
            "Drop documents or folders anywhere on this page: PDF, Word, Excel, EPUB, HTML, mail, text and more. They "
            "stay on this computer."
        ),
        all="All",
        all_title="All documents of your library, with sizes and search",
        in_library="In your library",
        read_earlier="Read {name} earlier",
        read_later="Read {name} later",
        about_tokens="about {tokens}",
        remove="Remove {name} from this chat",
        read_in_full="read in full",
        read_on="Read on in {name}",
        try_again="Try again to read {name}",
        held_title="memory of this chat once it is read",
        measuring="measuring speed",
        in_line_about="in line, about {time}",
        counting="counting tokens",
        counting_about="counting tokens, about {time} to read",
        paused_at="paused at page {n}",
        stopped_at="stopped at page {n}",
        dismiss="Dismiss {name}",
        cancel="Cancel {name}",
        working_out_time="working out the time",
        taking_out_text="taking out the text",
        recognise_text="Recognise text",
        no_text_layer_at_all="no text layer on any page: this is a scan, and there is nothing to read in it",
        no_text_layer=Plural(
            "no text layer on page {ranges}: these were skipped",
            "no text layer on pages {ranges}: these were skipped",
        ),
        more_stretches="{ranges} and {n} more stretches",
        read_share="read {percent}",
        share_read="{percent} read",
        kept_from_earlier="{name}: kept from an earlier reading, nothing has to be read again.",
        estimate="{name}: {pages}, {tokens}; reading takes {time} and {size} of memory.",
        about_time="about {time}",
        time_not_measured="a time not measured yet",
        scan_one_page=(
            "{name} has no text layer on its only page: it is a scan. Its text can be recognised, page by page, in "
            "the background."
        ),
        scan=(
            "{name} has no text layer on any of its {n} pages: it is a scan. Its text can be recognised, page by "
            "page, in the background."
        ),
        import_error="This file could not be added because of an error in AHN Chat; the terminal shows it.",
        not_uploaded_here="This file was not uploaded from this page, so it was not opened; add it again.",
        recognising="recognising",
        reading_again="reading again",
        read_again="Read again",
        read_again_title="Read {name} again with the better text",
        better_text="better text available",
        recognition_missing="Text recognition could read {pages}; install it with",
        recognise="Recognise",
        recognise_pages_of="Recognise the text of {pages} of {name}",
        no_right_text="no right text on {pages}",
        read_as="read as {encoding}",
        read_as_instead="read as {encoding}; instead as",
        change="Change",
        change_title="Read {name} in another encoding",
        keep_encoding="Keep the encoding as it is",
        encoding_of="Encoding of {name}",
        doing_label="{name}: {doing}",
        encoding={
            "utf-8": "Unicode (UTF-8)",
            "windows-1252": "Western European",
            "windows-1250": "Central European",
            "windows-1251": "Cyrillic (Windows)",
            "koi8-r": "Cyrillic (KOI8-R)",
            "windows-1253": "Greek",
            "windows-1254": "Turkish",
            "windows-1255": "Hebrew",
            "windows-1256": "Arabic",
            "shift_jis": "Japanese (Shift JIS)",
            "euc_jp": "Japanese (EUC)",
            "gb18030": "Chinese, simplified",
            "big5": "Chinese, traditional",
            "euc_kr": "Korean",
            "utf-16": "Unicode (UTF-16)",
        },
        file_not_kept=(
            "The file of {name} was not kept, so its text cannot be taken out again; add the file once more."
        ),
        nothing_recognised="No text was recognised on any page of {name}, so nothing was changed.",
        page_not_recognised="Text recognition found nothing on this page.",
        encoding_not_offered="The encoding {encoding} is not among those offered; choose one of them.",
        taken_out_already="The text of {name} is being taken out again already; wait for it.",
        taken_out_again="{name}: its text was taken out again.",
        stays_as_it_was="{name} stays as it was.",
        retake_error="The text could not be taken out again because of an error in AHN Chat; the terminal shows it.",
    ),
)
