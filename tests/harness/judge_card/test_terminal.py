"""Cards on a terminal: names whole at any width, and how many replies came to what."""

import io
import re

import msgspec
import pytest
from rich.console import Console
from simulated_judges import ratings, world

from harness.judge_card.build import judge_cards
from harness.judge_card.contents import JudgeCards
from harness.judge_card.terminal import print_cards
from harness.judge_card.words import counted
from harness.meta.columns import MetricSummary
from harness.meta.options import MetaOptions
from harness.stages.evaluate import Evaluation
from harness.verdicts import VerdictStatus

OPTIONS = MetaOptions(slices=(), resamples=100, draws=50, random_draws=2)
LABEL = "llm-judge:backend=server,criterion=grammaticality,language=en,model=some-eight-billion-instruct,threads=8"
JUDGE = "SomeEightBillionParameterModel-Instruct-Q4_K_M@gguf:0123456789ab-with-a-name-that-is-as-long-as-names-can-be"


def cards_of(*lost: VerdictStatus) -> JudgeCards:
    """The card of a judge with long names whose first verdicts came to these."""
    known = world(3, 20, rated=True)
    said = [msgspec.structs.replace(one, judge=JUDGE) for one in ratings(known)]
    for place, status in enumerate(lost):
        said[place] = msgspec.structs.replace(said[place], value=None, expectation=None, status=status, reply="Nej.")
    signature = said[0].metric
    done = Evaluation(known.data, (MetricSummary(signature, LABEL),), {signature: LABEL}, (), (), tuple(said))
    return judge_cards(done, OPTIONS)


def printed(cards: JudgeCards, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_cards(console, cards)
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def column(text: str, start: str) -> str:
    """All letters of a page without its blanks, from `start` on: broken names are whole again."""
    return re.sub(r"\s", "", text)[re.sub(r"\s", "", text).index(start) :]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_name_is_cut_at_any_width(width: int) -> None:
    text = printed(cards_of(), width)
    assert "…" not in text
    assert "more characters" not in text
    assert "clusters  shows" in text
    assert "verdicts that" in text  # words stand beside words
    matrix = column(text, "anna↓")
    assert matrix.startswith(f"anna↓{JUDGE}(verdicts)→")


def test_replies_that_are_no_verdict_are_counted_by_what_became_of_them() -> None:
    n = cards_of().cards[0].n_verdicts
    assert counted(cards_of().cards[0]) == f"{n} verdicts"
    lost: tuple[VerdictStatus, ...] = ("refused", "refused", "cut-off", "unparsed", "error", "not-recorded")
    cards = cards_of(*lost)
    line = f"{n} verdicts: {n - 6} read, 1 unparsed, 2 refused, 1 cut off, 1 failed, 1 not recorded"
    assert counted(cards.cards[0]) == line
    assert line in " ".join(printed(cards, 120).split())
