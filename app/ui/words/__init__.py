"""All words of the page, by subject: one module for what belongs together, one class of sentences in it, one object of
that class a language.

A view asks for the sentences in the language that is being spoken, and fills in what they leave open:

    from app.ui.words.reader import READER

    w = READER()
    title = w.picture_name.format(page=label, document=document.name)
    pages = w.of_pages(document.page_count)

Entries are plain text, never HTML, unless their name ends in `_html`. `{name}` is a placeholder; a `Plural` takes the
number it depends on first. To add a sentence: a field of the class, and an entry in each language below it; mypy says
where one is missing, a test says where placeholders differ.

Sentences that come from below the page, errors and warnings, are made there and have their other languages in `below`.
"""
