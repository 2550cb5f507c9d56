"""The models' tab: a frame that stays, and the table that is drawn anew."""

from __future__ import annotations

from collections.abc import Sequence

from app.models.catalogue import Choice
from app.models.desk import Line
from app.models.fetching import Fetch
from app.models.planning import KINDS, Plan
from app.ui.views import markup as m
from app.ui.words.common import COMMON
from app.ui.words.models import MODELS
from app.ui.words.translated import number

CONTEXTS = (8_000, 32_000, 128_000, 1_000_000)  # tokens that can be planned for
DEFAULT_CONTEXT = 128_000


def frame() -> str:
    """What stays while the table is drawn anew."""
    w = MODELS()
    options = "".join(
        f'<option value="{count}"{" selected" if count == DEFAULT_CONTEXT else ""}>{m.count(count)}</option>'
        for count in CONTEXTS
    )
    return (
        f'<div class="library-tools"><h2>{m.text(w.heading)}</h2><p class="quiet grow">{m.text(w.about)}</p>'
        f'<label class="sorting">{m.text(w.context_label)} <select id="plan-context" data-input="plan-context">'
        f"{options}</select></label></div>"
    )


def own_frame() -> str:
    """Where a model of the reader's own is named."""
    w = MODELS()
    fields = "".join(
        f'<label class="search"><input id="{name}" data-input="{name}" placeholder="{m.text(words)}"'
        f' aria-label="{m.text(words)}" autocomplete="off" spellcheck="false" maxlength="500"></label>'
        for name, words in (("own-model", w.other_placeholder), ("own-memory", w.other_memory_placeholder))
    )
    use = m.button(w.other_use, "use-own-model", css="button small", field="#own-model")
    return f'<h3 class="sub">{m.text(w.other)}</h3><div class="library-tools own-model">{fields}{use}</div>'


def table(lines: Sequence[Line], *, costs: str = "", asking: str = "", can_switch: bool = True) -> str:
    """Every model with what can be done with it. costs: the one whose costs are shown; asking: about to be deleted."""
    rows = "".join(_asking(line) if line.name == asking else _row(line, costs, can_switch) for line in lines)
    return f'<ul class="library-list models">{rows}</ul>'


def _row(line: Line, costs: str, can_switch: bool) -> str:
    w = MODELS()
    badges = "".join(
        f'<span class="badge{css}">{m.text(words)}</span>'
        for words, shown, css in (
            (w.in_use, line.in_use, " used"),
            (w.suits, line.suits and not line.in_use, ""),
        )
        if shown
    )
    # Nothing of it was measured: the name and what is here are all there is to say.
    facts = [w.presence[line.presence] + (f" ({m.size(line.nbytes)})" if line.nbytes else "")]
    plan, choice = line.plan, line.choice
    if choice is not None:
        if line.presence != "whole":
            facts.append(w.download.format(size=m.size(choice.download_bytes)))
        facts.append(w.licence.format(name=choice.licence))
        facts.append(w.parameters.format(n=number(choice.parameters / 1e9, ".2f")))
        if choice.memory_parameters:
            facts.append(w.memory_adds.format(n=number(choice.memory_parameters / 1e6, ".1f")))
        facts += _notes(choice)
    shown = "".join(f"<span>{m.text(fact)}</span>" for fact in facts)
    fit = (
        ""
        if plan is None
        else f'<div class="line{_fit_css(plan)}">{m.text(_fit(plan))}{_toggle(line, costs)}</div>'
    )
    below = _costs(plan) if plan is not None and line.name == costs else ""
    return (
        f'<li class="library-row model-row" data-model="{m.text(line.name)}"><div class="library-main">'
        f'<div class="line">{m.name(line.title)}{badges}</div><div class="line facts">{shown}</div>{fit}'
        f"{_fetch(line.fetch)}{below}</div>"
        f'<div class="library-actions">{_buttons(line, can_switch)}</div></li>'
    )


def _notes(choice: Choice) -> list[str]:
    w = MODELS()
    if choice.embedded:
        return [w.embedded_note]
    noted = {"no-memory": choice.memory is None, "noncommercial": choice.licence != "Apache-2.0"}
    return [w.notes[name] for name, true in noted.items() if true]


def offer(title: str) -> str:
    """On a page where nothing has been asked yet: a larger model that this machine could run."""
    if not title:
        return ""
    w = MODELS()
    show = m.button(w.offer_show, "show-models", css="link")
    return f'<p class="quiet offer">{m.text(w.offer.format(model=title))} {show}</p>'


def _fit(plan: Plan) -> str:
    w, needed = MODELS(), m.size(plan.needed_bytes)
    if plan.free_bytes is None:
        return w.fits_unknown.format(needed=needed)
    return (w.fits if plan.fits else w.fits_not).format(needed=needed, free=m.size(plan.free_bytes))


def _fit_css(plan: Plan) -> str:
    return " warn" if plan.fits is False else ""


def _toggle(line: Line, costs: str) -> str:
    w, shown = MODELS(), line.name == costs
    toggle = m.button(
        w.hide_costs if shown else w.show_costs, "show-costs", css="link", model="" if shown else line.name
    )
    return f'<span class="num">{toggle}</span>'


def _costs(plan: Plan) -> str:
    """Cache, operations and time with each kind of memory, beside full attention."""
    w = MODELS()
    head = "".join(
        f'<th scope="col">{m.text(w.columns[name])}</th>' for name in ("cache", "mixing", "model", "time")
    )
    rows = ""
    for kind in KINDS:
        cost, share = plan.costs[kind], plan.shares[kind]

        def cell(words: str, part: str, *, full: bool = kind == "full", shares: object = share) -> str:
            of = "" if full else w.of_full.format(percent=f"{100 * shares[part]:.1f}%")  # type: ignore[index]
            return f'<td><b>{m.text(words)}</b> <span class="dim">{m.text(of)}</span></td>'

        rows += (
            f'<tr><th scope="row">{m.text(w.kind[kind])}</th>{cell(m.size(cost.cache_bytes), "cache")}'
            f"{cell(_operations(cost.mixing_flops), 'mixing')}{cell(_operations(cost.model_flops), 'model')}"
            f"<td><b>{m.text(m.duration(cost.seconds))}</b></td></tr>"
        )
    lines = [
        " · ".join(
            (
                w.device.format(dtype=plan.dtype, device=plan.device),
                w.weights.format(size=m.size(plan.weight_bytes)),
                w.loading.format(size=m.size(plan.loading_bytes)),
            )
        ),
        w.time_unknown
        if not plan.rate_from
        else w.time_own
        if plan.rate_from in plan.title
        else w.time_from.format(model=plan.rate_from),
    ]
    if plan.context > plan.trained:
        lines.append(w.beyond_trained.format(tokens=m.count(plan.trained)))
    notes = "".join(f'<p class="quiet">{m.text(line)}</p>' for line in lines)
    title = w.costs_of.format(tokens=m.count(plan.context))
    return (
        f'<div class="costs"><table class="costs-table"><caption>{m.text(title)}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>{notes}</div>"
    )


def _operations(count: float) -> str:
    for limit, unit in ((1e18, "EFLOP"), (1e15, "PFLOP"), (1e12, "TFLOP")):
        if count >= limit:
            return f"{number(count / limit, '.1f')} {unit}"
    return f"{number(count / 1e9, '.1f')} GFLOP"


def _fetch(fetch: Fetch | None) -> str:
    """How a download stands."""
    if fetch is None:
        return ""
    w = MODELS()
    if fetch.error:
        return f'<div class="line error" role="alert">{m.text(fetch.error)}</div>'
    progress = fetch.progress
    if progress is None or progress.phase == "waiting":
        return (
            f'<div class="line"><span>{m.text(w.waiting if progress is not None else w.asking)}</span></div>'
        )
    if progress.phase == "asking":
        return f'<div class="line"><span>{m.text(w.asking)}</span></div>'
    done, total = m.size(progress.done), m.size(progress.total)
    left = progress.seconds_left
    words = (
        w.checking
        if progress.phase == "checking"
        else w.fetching.format(done=done, total=total)
        if left is None
        else w.fetching_known.format(
            done=done, total=total, rate=m.size(int(progress.rate or 0)), left=m.left(left)
        )
    )
    share = progress.fraction or 0.0
    return (
        f'<div class="fetch">{m.line(f"<span>{m.text(words)}</span>", m.percent(share))}'
        f"{m.progress(share, label=words)}</div>"
    )


def _buttons(line: Line, can_switch: bool) -> str:
    w, running = MODELS(), line.fetch is not None and line.fetch.running
    if running:
        return m.button(w.stop, "cancel-model", css="button small", model=line.name)
    made = ""
    embedded = line.choice is not None and line.choice.embedded
    if line.presence == "whole" or embedded:
        if not line.in_use and can_switch:
            title = w.use_title.format(model=line.title)
            made += m.button(w.use, "use-model", css="button small", title=title, model=line.name)
    else:
        words = w.go_on if line.presence == "part" and line.nbytes else w.fetch
        made += m.button(words, "get-model", css="button small", model=line.name)
    if line.nbytes and not line.in_use and not embedded:
        title = w.remove.format(model=line.title)
        made += m.button(
            "", "ask-remove-model", css="icon-button", icon=m.ICON_BIN, title=title, model=line.name
        )
    return made


def _asking(line: Line) -> str:
    question = MODELS().ask_remove.format(model=line.title, size=m.size(line.nbytes))
    yes = m.button(COMMON().delete, "remove-model", css="link danger", model=line.name)
    no = m.button(COMMON().keep, "keep-model")
    return (
        f'<li class="library-row asking" data-model="{m.text(line.name)}">'
        f'<span class="question">{m.text(question)}</span>{yes}{no}</li>'
    )
