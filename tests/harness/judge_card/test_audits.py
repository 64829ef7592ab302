"""Each audit on verdicts few enough to check by hand."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from simulated_judges import JUDGE

from harness.judge_card.calls import answers, repeats, unread
from harness.judge_card.contents import Finding
from harness.judge_card.contests import contests
from harness.judge_card.ground import Ground, output_values, scale_of
from harness.judge_card.languages import languages
from harness.judge_card.length import length
from harness.judge_card.own import family, self_preference
from harness.judge_card.people import matrices, on_scale
from harness.judge_card.position import position
from harness.judge_card.prompts import prompts
from harness.judgments import JudgmentSet
from harness.meta.options import MetaOptions
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale
from harness.verdicts import Verdict


def small(
    texts: Sequence[Sequence[str]], *, winners: Sequence[str] = (), ratings: Sequence[Sequence[float]] = (), **fields: Any
) -> Ground:
    """Items with an answer a system (s0, s1 …); `winners`: a, b or tie between s0 and s1; `ratings`: by anna."""
    examples = tuple(Example(id=f"i{row}", kind="instruction", language="sv") for row in range(len(texts)))
    outputs = tuple(
        Output(id=f"i{row}/s{place}", example_id=f"i{row}", system=f"s{place}", text=text)
        for row, own in enumerate(texts)
        for place, text in enumerate(own)
    )
    preferences = tuple(
        Preference(output_a=f"i{row}/s0", output_b=f"i{row}/s1", rater="anna", criterion="quality", winner=winner)  # type: ignore[arg-type]
        for row, winner in enumerate(winners)
    )
    scale = Scale(low=1, high=3)
    judgments = tuple(
        Judgment(output_id=f"i{row}/s{place}", rater="anna", criterion="quality", value=value, scale=scale)
        for row, own in enumerate(ratings)
        for place, value in enumerate(own)
    )
    info = JudgmentInfo(name="small", version="1", criteria=("quality",))
    data = JudgmentSet(info, fields.get("examples", examples), outputs, judgments, preferences)
    return Ground.of(data, MetaOptions(resamples=50))


def pair(first: str, second: str, value: float | None, **fields: Any) -> Verdict:
    about = {"metric": "m|v:1", "judge": JUDGE, "form": "pair", "status": "ok" if value is not None else "unparsed", **fields}
    return Verdict(targets=(first, second), value=value, **about)


def both(row: int, forth: float | None, back: float | None, **fields: Any) -> list[Verdict]:
    return [pair(f"i{row}/s0", f"i{row}/s1", forth, **fields), pair(f"i{row}/s1", f"i{row}/s0", back, **fields)]


def values(found: Iterable[Finding]) -> dict[str, float | None]:
    return {one.name: one.value for one in found}


TWO = [["a", "bb"]] * 4


def test_orders_that_agree_disagree_and_cannot_be_read() -> None:
    verdicts = [*both(0, 1, -1), *both(1, 1, 1), *both(2, -1, -1), *both(3, 1, None)]
    found = values(position(verdicts, small(TWO)))
    assert found == {"order_flip": 2 / 3, "first_chosen": 3 / 6, "first_twice": 1 / 3, "second_twice": 1 / 3}


def test_a_tie_in_one_order_is_a_flip_and_no_choice_of_the_first() -> None:
    found = values(position(both(0, 0, 1), small(TWO)))
    assert found["order_flip"] == 1.0
    assert found["first_chosen"] == 1.0


def test_position_is_not_measurable_where_every_pair_was_seen_in_one_order_only() -> None:
    found = list(position([pair("i0/s0", "i0/s1", 1), pair("i1/s1", "i1/s0", 1)], small(TWO)))
    assert [(one.name, one.value, one.note) for one in found] == [
        ("order_flip", None, "every pair was seen in one order only"),
        ("first_chosen", None, "every pair was seen in one order only"),
    ]


def test_orders_are_put_together_by_sample_and_prompt() -> None:
    verdicts = [
        *both(0, 1, -1, sample=0),
        *both(0, 1, 1, sample=1),
        pair("i1/s0", "i1/s1", 1, prompt="x"),
        pair("i1/s1", "i1/s0", 1, prompt="y"),
    ]
    assert values(position(verdicts, small(TWO)))["order_flip"] == 1 / 2


def test_a_ranking_is_a_contest_of_every_two_and_its_orders_are_read_off_it() -> None:
    ground = small([["a", "bb", "ccc"]])
    one = Verdict(metric="m", targets=("i0/s0", "i0/s1", "i0/s2"), form="rank", judge=JUDGE, ranks=(2.0, 1.0, 2.0))
    other = Verdict(metric="m", targets=("i0/s2", "i0/s1", "i0/s0"), form="rank", judge=JUDGE, ranks=(1.0, 2.0, 3.0), sample=0)
    held = contests([one], ground)
    assert list(zip(held.first.tolist(), held.second.tolist(), held.said.tolist(), strict=True)) == [
        (0, 1, -1),
        (0, 2, 0),
        (1, 2, 1),
    ]
    found = values(position([one, other], ground))
    assert found["order_flip"] == 2 / 3  # s0-s1 stays; s0-s2 is a tie and then decided; s1-s2 turns
    assert found["first_chosen"] == 4 / 5


def test_the_longer_answer_overall_beside_people_and_where_they_see_a_tie() -> None:
    ground = small(TWO, winners=["a", "b", "tie", "tie"])  # s1 is the longer
    verdicts = [pair("i0/s0", "i0/s1", -1), pair("i1/s0", "i1/s1", -1), pair("i2/s1", "i2/s0", 1), pair("i3/s0", "i3/s1", 0)]
    found = {one.name: one for one in length(contests(verdicts, ground), ground, ("quality",))}
    assert {name: (one.value, one.n) for name, one in found.items()} == {
        "longer_chosen": (1.0, 3),
        "longer_chosen_by_people": (0.5, 2),
        "longer_beyond_people": (0.5, 2),
        "longer_chosen_at_tie": (1.0, 1),
    }
    assert found["longer_chosen_at_tie"].unbiased == 0.5


def test_answers_of_one_length_say_nothing_of_length() -> None:
    ground = small([["aa", "bb"]], winners=["a"])
    found = next(length(contests([pair("i0/s0", "i0/s1", 1)], ground), ground, ()))
    assert (found.value, found.note) == (None, "no verdict sets the longer answer against the shorter")


def test_a_judge_that_sees_ties_alone_is_told_from_people_who_see_none_and_from_answers_of_one_length() -> None:
    ground = small(TWO, winners=["a", "b", "a", "tie"])
    ties = [pair(f"i{row}/s0", f"i{row}/s1", 0) for row in range(4)]
    found = {one.name: one for one in length(contests(ties, ground), ground, ("quality",))}
    assert {one.note for one in found.values()} == {
        "every verdict that sets the longer answer against the shorter is a tie (4)",
    }  # fmt: skip
    mixed = [*ties[1:], pair("i0/s0", "i0/s1", 1)]
    found = {one.name: one for one in length(contests(mixed, ground), ground, ("quality",))}
    assert found["longer_chosen_at_tie"].note == "the judge decides no pair that people find equal"


@pytest.mark.parametrize(
    ("statuses", "why"),
    [
        (["unparsed"], "no verdict could be read"),
        (["unparsed", "error"], "no verdict could be read"),
        (["error"], "no call was answered"),
        (["refused"], "every call was refused"),
        (["not-recorded"], "no reply is stored"),
    ],
)
def test_without_any_verdict_every_audit_gives_that_as_its_reason(statuses: list[Any], why: str) -> None:
    ground = small(TWO, winners=["a"] * 4)
    verdicts = [pair(f"i{row}/s0", f"i{row}/s1", None, status=statuses[row % len(statuses)]) for row in range(4)]
    held = contests(verdicts, ground)
    found = [
        *repeats(verdicts, ground),
        *position(verdicts, ground),
        *length(held, ground, ("quality",)),
        *self_preference(held, ground, JUDGE, ["s0"], ("quality",)),
    ]
    assert {one.note for one in found} == {why}


def test_what_was_never_answered_has_no_price_for_that_reason_and_an_answer_without_one_for_another() -> None:
    ground = small(TWO)
    over = [pair("i0/s0", "i0/s1", None, status="error", detail="the call may cost 0.01 USD")]
    notes = {one.name: one.note for one in answers(over, ground) if one.value is None}
    assert notes == {name: "no call was made, or none was answered" for name in ("price", "seconds")}
    free = {one.name: one.note for one in answers([pair("i0/s0", "i0/s1", 1)], ground) if one.value is None}
    assert free == {"price": "no price is known of any call", "seconds": "no call was timed"}


def test_ratings_of_one_item_are_contests_of_their_own() -> None:
    ground = small([["a", "bb", "ccc"]])
    said = [
        Verdict(metric="m", targets=(f"i0/s{k}",), form="direct", judge=JUDGE, value=value) for k, value in enumerate([1, 3, 3])
    ]
    held = contests(said, ground)
    assert held.said.tolist() == [-1, -1, 0]
    assert contests(said, ground, higher_is_better=False).said.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("gpt-4o@api.openai.com", "gpt"),
        ("gpt-3.5-turbo", "gpt"),
        ("meta-llama/Llama-3-8B@localhost:8000", "llama"),
        ("llama-7b", "llama"),
        ("cerebras-gpt-6.7B", "cerebras"),
        ("/models/SmolLM2-135M-Instruct.gguf@127.0.0.1", "smollm"),
        ("7b", ""),
        ("", ""),
    ],
)
def test_a_family_is_the_word_that_a_models_name_begins_with(name: str, word: str) -> None:
    assert family(name) == word


def test_own_answers_are_found_by_name_by_option_or_not_at_all() -> None:
    ground = small(TWO, winners=["a"] * 4)
    held = contests([pair(f"i{row}/s0", f"i{row}/s1", 1) for row in range(4)], ground)
    assert values(self_preference(held, ground, "s0-large", (), ()))["own_chosen"] is None  # s of s0 is no word of s0-large …
    assert values(self_preference(held, ground, "gpt-4o", ["s0"], ()))["own_chosen"] == 1.0
    none = next(self_preference(held, ground, "gpt-4o@host", (), ()))
    assert none.value is None
    assert none.note == "no system has the judge's family name (gpt); --own SYSTEM says which answers are its own"


def test_parsed_price_and_seconds_count_each_reply_once() -> None:
    ground = small([["a"], ["b"], ["c"]])
    about: dict[str, Any] = {"metric": "m", "form": "direct", "judge": JUDGE}
    verdicts = [
        Verdict(targets=("i0/s0",), value=1, key="k", price=0.02, seconds=3.0, **about),
        Verdict(targets=("i1/s0",), value=1, key="k", price=0.02, seconds=3.0, **about),  # the same request, asked once
        Verdict(targets=("i2/s0",), status="refused", key="j", price=0.01, seconds=1.0, reply="I cannot", **about),
    ]
    found = values(answers(verdicts, ground))
    assert found["parsed"] == pytest.approx(2 / 3)
    assert found["refused"] == pytest.approx(1 / 3)
    assert found["price"] == pytest.approx(1000 * 0.03 / 3)
    assert found["seconds"] == pytest.approx(1000 * 4 / 3)
    assert [(one.targets, one.status, one.reply) for one in unread(verdicts)] == [(("i2/s0",), "refused", "I cannot")]


def test_repeats_agree_by_request_and_one_sample_says_nothing() -> None:
    ground = small([["a"], ["b"]])
    about: dict[str, Any] = {"metric": "m", "form": "direct", "judge": JUDGE}
    said = {"i0/s0": [1, 1, 3], "i1/s0": [2, 2, 2]}
    verdicts = [
        Verdict(targets=(id,), value=value, sample=sample, reply=str(sample), **about)
        for id, own in said.items()
        for sample, value in enumerate(own)
    ]
    found = values(repeats(verdicts, ground))
    assert found["self_agreement"] == pytest.approx((1 / 3 + 1) / 2)
    assert found["self_distance"] == pytest.approx((4 / 3 + 0) / 2)
    assert next(repeats(verdicts[:1], ground)).note == "every verdict was asked for once"


def test_replies_that_are_the_same_text_are_told_from_a_judge_that_is_sure() -> None:
    ground = small([["a"]])
    verdicts = [
        Verdict(metric="m", form="direct", judge=JUDGE, targets=("i0/s0",), value=2, sample=sample, reply="2")
        for sample in range(3)
    ]
    assert "the same text" in str(next(repeats(verdicts, ground)).note)


def test_a_judges_scale_is_read_off_its_signature_and_stretched_to_peoples() -> None:
    ground = small([["a", "b"]], ratings=[[1, 3]])
    people = ground.people["quality"]
    assert scale_of("llm-judge|scale:1-5|v:1") == (1.0, 5.0)
    assert scale_of("llm-judge|scale:0..100|v:1") == (0.0, 100.0)
    assert scale_of("llm-judge|scaled:yes|v:1") is None
    values = output_values([Verdict(metric="m", form="direct", judge=JUDGE, targets=("i0/s0",), value=3)], ground)
    laid = on_scale(values, (1.0, 5.0), people)
    assert laid.values is not None
    assert laid.values[0] == 2.0
    assert laid.note == "the judge's 1 to 5 is stretched to people's 1 to 3"
    off = on_scale(values + 4, None, people)
    assert off.values is None
    assert off.note == "the judge's scale is not known, and is not people's (1 to 3)"


def test_a_confusion_matrix_counts_who_met_whom() -> None:
    ground = small([["a", "b"], ["c", "d"]], ratings=[[1, 3], [3, 3]])
    said = [
        Verdict(metric="m", form="direct", judge=JUDGE, targets=(id,), value=value)
        for id, value in (("i0/s0", 2), ("i0/s1", 3), ("i1/s0", 2), ("i1/s1", 3))
    ]
    (matrix,) = matrices(output_values(said, ground), ground.people["quality"], JUDGE, (1.0, 4.0))
    assert (matrix.rows, matrix.columns) == ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0, 4.0))  # also what nobody gave
    assert matrix.counts == ((0, 1, 0, 0), (0, 0, 0, 0), (0, 1, 2, 0))
    (unknown,) = matrices(output_values(said, ground), ground.people["quality"], JUDGE, None)
    assert (unknown.columns, unknown.counts) == ((2.0, 3.0), ((1, 0), (0, 0), (1, 2)))


def test_a_scale_of_a_hundred_points_has_the_columns_that_occur() -> None:
    ground = small([["a", "b"]], ratings=[[1, 3]])
    said = [
        Verdict(metric="m", form="direct", judge=JUDGE, targets=(id,), value=value)
        for id, value in (("i0/s0", 20), ("i0/s1", 85))
    ]
    (matrix,) = matrices(output_values(said, ground), ground.people["quality"], JUDGE, (0.0, 100.0))
    assert matrix.columns == (20.0, 85.0)


def test_languages_are_compared_on_parallel_items_alone() -> None:
    examples = tuple(
        Example(id=f"i{row}", kind="instruction", language=language, parallel_id=parallel)
        for row, (language, parallel) in enumerate([("sv", "p"), ("en", "p"), ("sv", None), ("en", "q")])
    )
    ground = small(TWO, winners=["a", "a", "a", "a"], examples=examples)
    verdicts = [pair(f"i{row}/s0", f"i{row}/s1", value) for row, value in enumerate([-1, 1, 1, 1])]
    found = {one.name: one for one in languages(verdicts, contests(verdicts, ground), {}, ground, ("quality",))}
    assert (found["accuracy_by_language"].value, found["accuracy_by_language"].n) == (-1.0, 2)
    assert found["accuracy_by_language"].says.endswith("sv minus en")


def test_prompts_are_compared_on_the_targets_that_all_have_a_verdict_on() -> None:
    ground = small(TWO, winners=["a"] * 4)
    says = {"p1": [1, 1, 1, 1], "p2": [1, 1, -1, -1], "p3": [1, 1, 1, None]}
    groups = {name: [pair(f"i{row}/s0", f"i{row}/s1", v, prompt=name) for row, v in enumerate(own)] for name, own in says.items()}
    found = {one.name: one for one in prompts(groups, ground, ("quality",))}
    assert (found["same_verdict"].value, found["same_verdict"].n) == (pytest.approx(2 / 3), 3)
    assert found["accuracy_range"].value == pytest.approx(1 / 3)
    assert "3 prompts; under 5" in str(found["same_verdict"].note)
    assert next(prompts({"p1": groups["p1"]}, ground, ())).value is None
