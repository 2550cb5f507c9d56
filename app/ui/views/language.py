"""The choice of the page's language."""

from __future__ import annotations

from app.ui.views import markup as m
from app.ui.words.frame import FRAME
from app.ui.words.settings import SETTINGS
from app.ui.words.translated import LANGUAGES, OWN_NAMES, TAGS, spoken


def choice() -> str:
    """A list of the languages, each by its own name; `assets/ui/page.js` keeps what is chosen and loads the page."""
    options = "".join(
        f'<option value="{one}" lang="{TAGS[one]}"{" selected" if one == spoken() else ""}>{OWN_NAMES[one]}</option>'
        for one in LANGUAGES
    )
    label = m.text(SETTINGS().language)
    heading = f'<h2 class="for-readers">{m.text(FRAME().settings_tab)}</h2>'
    return f'{heading}<label class="sorting">{label} <select id="page-language">{options}</select></label>'
