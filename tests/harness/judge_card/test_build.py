"""Cards of whole evaluations: pandalm's recorded judges as published, simulated ones on gec-sv and contrast-sv."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from simulated_judges import JUDGE, pair_verdicts, ratings, world

from harness.errors import InputError
from harness.judge_card.build import judge_cards
from harness.judge_card.contents import Card, Finding
from harness.judgments import JudgmentSet
from harness.meta.columns import MetricSummary
from harness.meta.options import MetaOptions
from harness.plugins import load_plugins
from harness.stages.evaluate import Evaluation, evaluate, read_source
from harness.stages.score import build_metrics
from harness.verdicts import Verdict

OPTIONS = MetaOptions(slices=(), resamples=200, draws=50, random_draws=2)


def evaluation(data: JudgmentSet, verdicts: Sequence[Verdict]) -> Evaluation:
    signatures = dict.fromkeys(one.metric for one in verdicts)
    metrics = tuple(MetricSummary(signature, signature.partition("|")[0]) for signature in signatures)
    return Evaluation(data, metrics, {one.signature: one.name for one in metrics}, (), (), tuple(verdicts))


def by_name(card: Card) -> dict[str, Finding]:
    return {one.name: one for one in card.findings if one.rating is None}


@pytest.fixture(scope="module")
def pandalm(shared_data, monkeypatch_module):
    found = load_plugins([])
    data = read_source(found, found.parse("judgment source", "pandalm"))
    names = ("recorded-verdict:gpt-3.5-turbo", "recorded-verdict:pandalm-7b")
    return evaluate(data, build_metrics(found, [found.parse("metric", name) for name in names]), OPTIONS)


@pytest.fixture(scope="module")
def monkeypatch_module(shared_data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_DATA", str(shared_data))
        yield patch


def test_pandalms_two_judges_have_the_published_accuracies(pandalm) -> None:
    cards = judge_cards(pandalm, OPTIONS)
    gpt, panda = [one for one in cards.accuracies if one.judge]
    assert gpt.raw is not None
    assert gpt.missing_wrong is not None
    assert panda.raw is not None
    assert (round(gpt.missing_wrong.value, 3), gpt.n_all) == (0.698, 999)
    assert (round(gpt.raw.value, 3), gpt.n_pairs) == (0.716, 974)
    assert (round(panda.raw.value, 3), panda.n_pairs, panda.missing_wrong) == (0.668, 999, None)
    assert next(one.metric for one in cards.accuracies if one.sentinel) == "length"


def test_pandalms_cards_say_what_recorded_verdicts_cannot_tell(pandalm) -> None:
    gpt, panda = judge_cards(pandalm, OPTIONS).cards
    assert (gpt.judge, panda.judge, gpt.n_verdicts, panda.n_verdicts) == ("gpt-3.5-turbo", "pandalm-7b", 999, 999)
    found = by_name(gpt)
    assert (found["parsed"].value, found["parsed"].n, found["parsed"].n_clusters) == (974 / 999, 999, 170)
    assert found["order_flip"].note == "every pair was seen in one order only"
    assert found["own_chosen"].note == "no system has the judge's family name (gpt); --own SYSTEM says which answers are its own"
    assert [name for name, one in found.items() if one.value is None] == [
        "price", "seconds", "self_agreement", "order_flip", "first_chosen", "own_chosen", "accuracy_by_language", "same_verdict",
    ]  # fmt: skip
    assert all(one.note for one in found.values() if one.value is None)
    assert all(one.low is not None and one.low <= one.value <= one.high for one in found.values() if one.value is not None)


def test_what_is_the_judges_own_can_be_said(pandalm) -> None:
    _, panda = judge_cards(pandalm, OPTIONS, own=["llama-7b"]).cards
    assert by_name(panda)["own_chosen"].n == 375
    with pytest.raises(InputError, match=r"has no system 'lama-7b'\. Did you mean 'llama-7b'"):
        judge_cards(pandalm, OPTIONS, own=["lama-7b"])


def test_a_run_without_a_judge_is_told_so(pandalm) -> None:
    with pytest.raises(InputError, match="no metric of this run is a judge that keeps its verdicts: recorded-verdict"):
        judge_cards(replace(pandalm, verdicts=()), OPTIONS)


def test_a_judge_of_gec_sv_that_is_too_kind_is_told_from_a_second_rater(shared_data, monkeypatch_module) -> None:
    found = load_plugins([])
    data = read_source(found, found.parse("judgment source", "gec-sv"), "machine")
    said = {one.output_id: one.value for one in data.judgments if (one.rater, one.criterion) == ("katarina", "grammaticality")}
    rng = np.random.default_rng(1)
    verdicts = [
        Verdict(
            metric="sim|scale:1-4|v:1", targets=(id,), form="direct", judge="sim", criterion="grammaticality",
            value=float(np.clip(value + 1 + rng.integers(-1, 2), 1, 4)),
        )
        for id, value in sorted(said.items()) if value is not None
    ]  # fmt: skip
    (card,) = judge_cards(evaluation(data, verdicts), OPTIONS).cards
    one = by_name(card)
    assert one["over_positivity"].shows == "more"
    assert {finding.criterion for finding in card.findings} == {None, "grammaticality"}  # the criterion of its name alone
    assert one["second_rater"].shows is None  # katarina and robert differ, but nobody is the unbiased one
    assert "second rater: robert" in str(one["second_rater"].note)
    assert [matrix.by for matrix in card.matrices] == ["sim", "robert"]
    assert sum(map(sum, card.matrices[0].counts)) == len(verdicts)
    before, after, flat = one["rms_before"], one["rms_after"], one["rms_constant"]
    assert before.value is not None
    assert after.value is not None
    assert flat.value is not None
    assert after.value < before.value
    assert after.value < flat.value
    assert one["squared_saved"].shows == "more"
    assert one["bias_before"].shows == "more"
    assert one["bias_after"].shows == "nothing"
    levels = [finding.rating for finding in card.findings if finding.name == "over_positivity_at"]
    assert levels == [1, 2, 3, 4]


def test_a_judge_of_contrast_sv_that_takes_the_first_place_for_quality_is_found_out() -> None:
    found = load_plugins([])
    data = read_source(found, found.parse("judgment source", "contrast-sv"))
    rng = np.random.default_rng(2)
    verdicts = []
    for one in data.preferences:
        better = one.output_a if one.winner == "a" else one.output_b
        for first, second in ((one.output_a, one.output_b), (one.output_b, one.output_a)):
            seen = (1 if first == better else -1) * 0.5 + 0.6 + rng.normal()
            verdicts.append(
                Verdict(metric="sim|v:1", targets=(first, second), form="pair", judge="sim", value=float(np.sign(seen)))
            )
    cards = judge_cards(evaluation(data, verdicts), OPTIONS)
    assert cards.constructed
    card = by_name(cards.cards[0])
    assert card["first_chosen"].shows == "more"
    assert card["order_flip"].n == 266
    assert card["first_twice"].value > card["second_twice"].value
    assert card["longer_chosen_at_tie"].note == "people find no such pair equal"


def test_five_prompts_of_one_judge_are_read_together_and_another_form_is_not() -> None:
    known = world(3, 10, rated=True)
    verdicts = [
        verdict
        for number in range(5)
        for verdict in ratings(
            known, metric=f"sim-direct|prompt:p{number}@abc{number}|scale:1-4|v:1", prompt=f"p{number}", language="sv"
        )
    ]
    other = ratings(
        known, metric="sim-direct|prompt:p0@abc0|reference:yes|scale:1-4|v:1", prompt="p0", language="sv", reference=True
    )
    cards = judge_cards(evaluation(known.data, [*verdicts, *other]), OPTIONS).cards
    notes = [by_name(card)["same_verdict"].note for card in cards]
    assert notes == ["5 prompts; approximate: under 30 clusters"] * 5 + ["the run has one prompt of this judge and form alone"]


def test_the_same_run_and_seed_give_the_same_cards_and_another_seed_other_intervals() -> None:
    known = world(4, 20)
    done = evaluation(known.data, pair_verdicts(known))
    assert judge_cards(done, OPTIONS) == judge_cards(done, OPTIONS)
    again = judge_cards(done, MetaOptions(slices=(), resamples=200, seed=9)).cards[0]
    assert by_name(again)["order_flip"].value == by_name(judge_cards(done, OPTIONS).cards[0])["order_flip"].value
    assert by_name(again)["order_flip"].low != by_name(judge_cards(done, OPTIONS).cards[0])["order_flip"].low
    assert by_name(again)["own_chosen"].value is not None  # llama-70b judges an answer of llama-7b
    assert JUDGE.startswith("llama")
