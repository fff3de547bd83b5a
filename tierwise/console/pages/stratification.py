"""Stratification: by RFM, by value, by the stage of life, by levels and matrices; each number opens its customers."""

from __future__ import annotations

from tierwise.app import tier_definitions
from tierwise.app.defining import Definitions
from tierwise.app.vocabulary import Vocabulary, vocabulary
from tierwise.console.pages._strat_levels import levels, matrices
from tierwise.console.pages._strat_life import lifecycle
from tierwise.console.pages._strat_rfm import rfm
from tierwise.console.pages._strat_value import deciles, others
from tierwise.console.parts.card import markup
from tierwise.console.parts.tabs import tabs
from tierwise.console.visit import Visit, page
from tierwise.definitions.level import Level
from tierwise.definitions.matrix import Matrix


@page("/stratification", "title_stratification")
async def stratification(visit: Visit) -> None:
    """In the address: tab; name, of the ladder; metric, of the deciles; from and to, days."""
    words = await visit.ask(vocabulary, visit.ctx)
    known = await visit.ask(tier_definitions.definitions_in_use, visit.ctx)
    found = _tabs(known)
    tab = visit.asked.get("tab", "rfm")
    tab = tab if tab in found else "rfm"
    links = [
        (each, visit.texts(f"strat_tab_{each}"), visit.link("/stratification", tab=each if each != "rfm" else None))
        for each in found
    ]
    markup(tabs(links, tab, visit.texts("strat_tabs")))
    await _shown(visit, tab, words, known)


async def _shown(visit: Visit, tab: str, words: Vocabulary, known: Definitions) -> None:
    match tab:
        case "value":
            await deciles(visit, words, known)
        case "life":
            await lifecycle(visit, words, known)
        case "levels":
            await levels(visit, words, known)
        case "matrices":
            await matrices(visit, words, known)
        case "others":
            await others(visit, words, known)
        case _:
            await rfm(visit, words, known)


def _tabs(known: Definitions) -> list[str]:
    """Those of which the definitions have any."""
    there = {"levels": known.of(Level), "matrices": known.of(Matrix), "life": known.lifecycle}
    return [each for each in ("rfm", "value", "life", "levels", "matrices", "others") if there.get(each, True)]
