"""The metrics: what they ask, and what score the verdicts make."""

import re
from itertools import permutations
from typing import Any

import pytest
from harness_plugins.judges.llm_judge import assemble, build, harness_metrics
from harness_plugins.judges.models import choices_of
from judged_units import Scripted, each_with_peers, example, judge, outputs, settings

from harness.chat.messages import Reply, Request, TokenProbability
from harness.chat.policy import only_stored
from harness.errors import HarnessError
from harness.protocols import Unit
from harness.records import Score
from harness.report.views import missing_notes

SV, EN = example("sv", name="t/1"), example("en", name="t/2")


def code_of(request: Request) -> str:
    found = re.search(r"-(\d{6,})>", request.messages[-1][1])
    assert found is not None
    return found[1]


def says(verdict: str, *, status: str = "ok", **more: Any):
    """A judge that always says the same."""
    return lambda request: Reply(key="k", status=status, text=f"VERDICT {code_of(request)}: {verdict}", **more)  # type: ignore[arg-type]


def answers_of(request: Request) -> list[str]:
    return re.findall(r"^<(?:svar|answer)[^>]*>\n(.*)\n", request.messages[-1][1], re.MULTILINE)


def unit(text: str | None = "Oslo.") -> Unit:
    return Unit(SV, tuple(outputs(SV, text)))


def test_a_rating_is_the_score() -> None:
    (result,) = judge(says("2")).score([unit()])
    assert (result.value, result.status, result.detail) == (2.0, "ok", None)


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (lambda request: "Jag kan inte säga.", "unparsed", "Jag kan inte säga."),
        (says("9"), "unparsed", "VERDICT"),
        (says("2", status="cut-off"), "cut-off", "cut-off: VERDICT"),
        (says("2", status="refused", detail="content filter"), "refused", "refused: content filter"),
        (says("2", status="error", detail="HTTP 500"), "error", "HTTP 500"),
        (
            says("2", status="over-budget", detail="0.02 USD left"),
            "error",
            "over budget, and not asked: 0.02 USD left; a larger budget",
        ),
        (
            says("2", status="error", detail="HTTP 400: exceeds the available context size (8192 tokens), try increasing it"),
            "error",
            "HTTP 400: exceeds the available context size (8192 tokens), try increasing it: give it more with context=",
        ),
        (says("2", status="not-stored"), "not-recorded", "no reply is stored"),
    ],
)
def test_what_is_no_verdict_is_missing_and_says_why(answer: Any, status: str, detail: str) -> None:
    metric = judge(answer)
    (result,) = metric.score([unit()])
    assert result.value is None
    assert result.status == status
    assert result.detail is not None
    assert result.detail.startswith(detail)
    (verdict,) = metric.verdicts([unit()])
    assert verdict.value is None
    assert verdict.status != "ok"


def test_a_runs_note_tells_refused_and_cut_off_replies_from_unparsed_ones() -> None:
    said = {"Oslo.": "refused", "Bergen.": "cut-off", "Moss.": "refused", "Hamar.": "ok"}
    listed = [Unit(SV, (output,)) for output in outputs(SV, *said)]

    def answer(request: Request) -> Reply:
        (text,) = answers_of(request)
        return Reply(key="k", status=said[text], text="Nej.")  # type: ignore[arg-type]  # one of the statuses

    metric = judge(answer)
    results = metric.score(listed)
    scores = [
        Score(
            targets=tuple(one.id for one in unit.outputs),
            metric=metric.signature,
            value=result.value,
            status=result.status,
            detail=result.detail,
        )
        for unit, result in zip(listed, results, strict=True)
    ]
    (note,) = missing_notes(scores, {metric.signature: "judge"})
    assert note == "judge: no score on 4 of 4 outputs: 2 refused, 1 cut-off, 1 unparsed"


def test_samples_that_came_to_different_things_are_counted_in_the_detail() -> None:
    said = {0: "refused", 1: "cut-off", 2: "cut-off"}
    metric = judge(lambda request: Reply(key="k", status=said[request.sample], text="Nej."), samples=3)
    (result,) = metric.score([unit()])
    assert (result.value, result.status, result.detail) == (None, "cut-off", "2 cut-off, 1 refused of 3: cut-off: Nej.")


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        (("refused", "cut-off"), "cut-off"),
        (("ok", "cut-off"), "cut-off"),  # "ok": a reply of which no verdict can be read
        (("ok", "refused"), "refused"),
        (("ok", "refused", "cut-off"), "cut-off"),
        (("ok", "refused", "refused", "cut-off", "ok"), "refused"),
        (("ok", "ok", "cut-off"), "unparsed"),  # the more frequent one, whatever it is
    ],
)
def test_equally_many_kinds_of_lacking_verdicts_have_one_status_in_every_order(kinds: tuple[str, ...], status: str) -> None:
    found = set()
    for order in set(permutations(kinds)):
        metric = judge(
            lambda request, order=order: Reply(key="k", status=order[request.sample], text=f"Nej ({order[request.sample]})."),  # type: ignore[misc]
            samples=len(kinds),
        )
        (result,) = metric.score([unit()])
        assert result.value is None
        found.add((result.status, result.detail))
    assert {each for each, _ in found} == {status}
    assert len(found) == 1  # the detail is of that kind too


def test_an_output_without_a_text_is_not_asked_about() -> None:
    (result,) = judge(says("2")).score([unit(None)])
    assert (result.value, result.status) == (None, "empty")


def test_the_score_is_the_expectation_where_probabilities_are_told_and_read_may_ask_for_either() -> None:
    tokens = (TokenProbability(token="2", logprob=-0.6931, top=(("2", -0.6931), ("3", -0.6931))),)

    def answer(request: Request) -> Reply:
        return Reply(key="k", status="ok", text="2", tokens=tokens if request.params.get("logprobs") else ())

    silent = example(references=())
    units = [Unit(silent, tuple(outputs(silent, "Oslo.")))]
    assert judge(answer).score(units)[0].value == pytest.approx(2.5)
    assert judge(answer, read="expectation").score(units)[0].value == pytest.approx(2.5)
    assert judge(answer, read="verdict").score(units)[0].value == 2.0
    (missing,) = judge(says("2"), read="expectation").score(units)
    assert (missing.value, missing.status) == (None, "unparsed")
    (verdict,) = judge(answer).verdicts(units)
    assert verdict.status == "not-recorded"  # a second judge, which has asked nobody


def test_samples_are_averaged_over_the_verdicts_that_there_are() -> None:
    said = {0: "1", 1: "hm", 2: "2"}
    metric = judge(lambda request: f"VERDICT {code_of(request)}: {said[request.sample]}", samples=3)
    (result,) = metric.score([unit()])
    assert result.value == 1.5
    assert result.detail is not None
    assert result.detail.startswith("2 of 3 verdicts; 1 of 3: VERDICT")
    assert [(verdict.sample, verdict.value) for verdict in metric.verdicts([unit()])] == [(0, 1.0), (1, None), (2, 2.0)]


def test_a_unit_of_which_a_call_failed_is_asked_again_and_not_half_a_score() -> None:
    failing = [True]

    def answer(request: Request) -> Reply | str:
        if request.sample == 1 and failing:
            return Reply(key="k", status="error", detail="timed out")
        return f"VERDICT {code_of(request)}: {1 + request.sample}"

    model = Scripted(answer)
    metric = assemble(settings(samples=2), [model])
    assert metric.score([unit()])[0].status == "error"
    failing.clear()
    assert metric.score([unit()])[0].value == 1.5
    assert [request.sample for request in model.asked] == [0, 1, 1]


@pytest.mark.parametrize(("panel", "value"), [("mean", 5 / 3), ("median", 1.0), ("majority", 1.0)])
def test_a_panel_puts_its_judges_together(panel: str, value: float) -> None:
    models = [Scripted(says(said), name=f"j{n}@here") for n, said in enumerate(("1", "3", "1"))]
    metric = assemble(settings(panel=panel), models)
    assert metric.score([unit()])[0].value == pytest.approx(value)
    assert [verdict.judge for verdict in metric.verdicts([unit()])] == ["j0@here", "j1@here", "j2@here"]


def test_without_a_majority_there_is_no_score() -> None:
    models = [Scripted(says(said), name=f"j{n}@here") for n, said in enumerate(("1", "3"))]
    (result,) = assemble(settings(panel="majority"), models).score([unit()])
    assert (result.value, result.status) == (None, "inconsistent")


def test_a_majority_is_of_verdicts_where_token_probabilities_are_told_too() -> None:
    def sure(verdict: str, logprob: float) -> Any:
        told = (TokenProbability(token=verdict, logprob=logprob, top=((verdict, logprob), ("2", -1.5))),)

        def answer(request: Request) -> Reply:
            said = f"VERDICT {code_of(request)}: {verdict}"
            before = TokenProbability(token=said[:-1], logprob=0.0)
            return Reply(key="k", status="ok", text=said, tokens=(before, *told) if request.params.get("logprobs") else ())

        return answer

    models = [Scripted(sure(*said), name=f"j{n}@here") for n, said in enumerate((("1", -0.2), ("1", -0.4), ("3", -0.1)))]
    assert assemble(settings(), models).score([unit()])[0].value not in (None, 1.0, 3.0)  # the mean of three expectations
    assert assemble(settings(panel="majority"), models).score([unit()])[0].value == 1.0
    assert settings(panel="majority").read == "verdict"


def test_a_judge_stands_once_in_a_panel() -> None:
    with pytest.raises(ValueError, match="named twice"):
        assemble(settings(), [Scripted(says("1")), Scripted(says("2"))])


def test_a_pair_is_read_in_the_order_in_which_it_is_shown() -> None:
    better = judge(lambda request: f"VERDICT {code_of(request)}: {'A' if answers_of(request)[0] == 'bra' else 'B'}", "pair")
    good, bad = outputs(SV, "bra", "dålig")
    assert [result.value for result in better.score([Unit(SV, (good, bad)), Unit(SV, (bad, good))])] == [1.0, -1.0]
    assert {verdict.targets for verdict in better.verdicts([Unit(SV, (good, bad))])} == {(good.id, bad.id)}


def test_wins_are_shares_with_half_for_ties_and_for_orders_that_disagree() -> None:
    strength = {"bäst": 3, "mellan": 2, "lika": 2, "sämst": 1}

    def fair(request: Request) -> str:
        first, second = (strength[text] for text in answers_of(request))
        return f"VERDICT {code_of(request)}: {'LIKA' if first == second else 'A' if first > second else 'B'}"

    units = each_with_peers(SV, *strength)
    assert [result.value for result in judge(fair, "wins").score(units)] == [1.0, 0.5, 0.5, 0.0]
    assert [result.value for result in judge(says("A"), "wins").score(units)] == [0.5] * 4


def test_each_ordered_pair_is_asked_about_once_and_told_once() -> None:
    model = Scripted(says("B"))
    metric = assemble(settings("wins"), [model])
    units = each_with_peers(SV, "ett", "två", "tre")
    metric.score(units)
    assert len(model.asked) == 6
    assert len(list(metric.verdicts(units))) == 6


def test_a_pair_of_which_one_order_is_unparsed_has_no_outcome() -> None:
    def answer(request: Request) -> str:
        return "Vet ej." if answers_of(request)[0] == "två" else f"VERDICT {code_of(request)}: A"

    first, second, third = judge(answer, "wins").score(each_with_peers(SV, "ett", "två", "tre"))
    assert first.value == 0.5  # against the third: both orders say A
    assert first.detail is not None
    assert first.detail.startswith("1 of 2 verdicts")
    assert (second.value, second.status) == (None, "unparsed")
    assert third.value == 0.5


def test_a_ranking_is_asked_in_several_orders_and_its_places_are_averaged() -> None:
    quality = {"bäst": 3, "mellan": 2, "sämst": 1}

    def rank(request: Request) -> str:
        shown = answers_of(request)
        best_first = sorted(range(len(shown)), key=lambda place: -quality[shown[place]])
        return f"VERDICT {code_of(request)}: {' > '.join('ABC'[place] for place in best_first)}"

    model = Scripted(rank)
    metric = assemble(settings("rank", orders=4), [model])
    units = each_with_peers(SV, *quality)
    assert [result.value for result in metric.score(units)] == [1.0, 0.5, 0.0]
    shown = [answers_of(request) for request in model.asked]
    assert shown[1] == shown[0][::-1]
    assert shown[3] == shown[2][::-1]
    for verdict in metric.verdicts(units):
        assert verdict.value is None
        assert verdict.status == "ok"
        assert dict(zip(verdict.targets, verdict.ranks or (), strict=True)) == {"t/1/s0": 1, "t/1/s1": 2, "t/1/s2": 3}


def test_a_judge_that_ranks_by_place_alone_tells_answers_nothing_apart_in_two_orders() -> None:
    results = judge(says("A > B > C"), "rank").score(each_with_peers(SV, "ett", "två", "tre"))
    assert [result.value for result in results] == [0.5, 0.5, 0.5]


def test_several_criteria_may_share_a_call_of_which_one_metric_reads_one() -> None:
    def answer(request: Request) -> str:
        code = code_of(request)
        return f"OMDÖME {code} naturlighet: 3\nOMDÖME {code} riktighet: 1"

    model = Scripted(answer)
    together = ["naturalness", "correctness"]
    for criterion, value in (("naturalness", 3.0), ("correctness", 1.0), (together, 2.0)):
        metric = assemble(settings(criterion=criterion, together=together), [model])
        assert metric.score([unit()])[0].value == value
    assert len(model.asked) == 1
    apart = assemble(settings(criterion=together), [Scripted(says("2"))])
    assert apart.score([unit()])[0].value == 2.0
    assert [verdict.criterion for verdict in apart.verdicts([unit()])] == together


def test_a_server_that_knows_no_schema_is_asked_in_text_from_then_on() -> None:
    def answer(request: Request) -> Reply | str:
        if "response_format" in request.params:
            return Reply(key="k", status="error", detail="HTTP 400: response_format is not supported")
        return f"OMDÖME {code_of(request)}: 2"

    model = Scripted(answer)
    units = [Unit(SV, (one,)) for one in outputs(SV, "ett", "två", "tre")]
    assert [r.value for r in assemble(settings(output="auto"), [model]).score(units)] == [2.0] * 3
    assert sum("response_format" in request.params for request in model.asked) == 1
    asked = len(model.asked)
    again = assemble(settings(output="auto"), [model])
    assert again.plan(units)[0].cached == 3
    assert [r.value for r in again.score(units)] == [2.0] * 3
    assert len(model.asked) == asked  # what is stored in text is found without asking
    (strict,) = assemble(settings(output="json"), [Scripted(answer)]).score(units[:1])
    assert strict.status == "error"


def test_a_form_that_a_server_did_not_take_is_tried_once_however_often_the_next_form_gets_no_verdict() -> None:
    def answer(request: Request) -> Reply | str:
        if "logprobs" in request.params:
            return Reply(key="k", status="error", detail="HTTP 400: logprobs are not supported")
        return Reply(key="k", status="refused", text="No.")

    model = Scripted(answer)
    metric = assemble(settings(output="auto"), [model])
    for text in ("ett", "två", "tre"):  # a batch each
        assert [r.status for r in metric.score([Unit(SV, tuple(outputs(SV, text)))])] == ["refused"]
    assert [("logprobs" in request.params, "response_format" in request.params) for request in model.asked] == [
        (True, True),
        (True, False),
        *[(False, True)] * 3,
    ]


def test_a_schema_is_the_same_for_all_calls_of_a_kind() -> None:
    model = Scripted(lambda request: f'{{"code": {code_of(request)}, "verdict": 2}}')
    metric = assemble(settings(output="auto", read="verdict"), [model])
    metric.score([Unit(SV, (one,)) for one in outputs(SV, "ett", "två")])
    first, second = (request.params["response_format"]["json_schema"] for request in model.asked)
    assert first == second
    assert first["schema"]["properties"]["verdict"] == {"type": "integer", "enum": [1, 2, 3]}
    assert first["schema"]["required"] == ["code", "verdict"]


def test_nobody_is_asked_while_only_what_is_stored_may_be_read() -> None:
    model = Scripted(says("2"))
    for output in ("text", "auto"):
        with only_stored():
            (result,) = assemble(settings(output=output), [model]).score([unit()])
        assert (result.value, result.status) == (None, "not-recorded")
    assert model.asked == []


def test_verdicts_are_told_from_what_is_stored_without_scoring_again() -> None:
    model = Scripted(says("2"))
    assemble(settings(), [model]).score([unit()])
    (verdict,) = assemble(settings(), [model]).verdicts([unit()])
    assert (verdict.value, verdict.status, verdict.prompt, verdict.language) == (2.0, "ok", "direct.sv", "sv")
    assert len(model.asked) == 1


def signature(**chosen: Any) -> str:
    task, reference = chosen.pop("task", "direct"), chosen.pop("reference", False)
    return assemble(settings(task, reference, **chosen), [Scripted(says("1"), name=chosen.pop("name", "m@h"))]).signature


def test_the_signature_tells_apart_whatever_changes_a_score() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"reference": True},
        {"task": "pair"},
        {"task": "wins"},
        {"task": "rank"},
        {"task": "rank", "orders": 4},
        {"criterion": "naturalness"},
        {"criterion": ["naturalness", "correctness"]},
        {"together": ["naturalness", "correctness"]},
        {"scale": "1-5"},
        {"language": "sv"},
        {"prompt": "direct-2"},
        {"samples": 3},
        {"temperature": 0.5},
        {"temperature": "none"},
        {"max_tokens": 10},
        {"max_completion_tokens": 10},
        {"read": "verdict"},
        {"output": "json"},
    ]
    signatures = [signature(**change) for change in changes]
    assert len({*signatures}) == len(changes)
    assert all(re.match(r"llm-judge[a-z-]*\|judge:m@h\|.*\|parser:\d+\|v:\d+\Z", each) for each in signatures)


def test_eight_metrics_are_announced() -> None:
    specs = {spec.name: spec for spec in harness_metrics()}
    assert sorted(specs) == sorted(
        f"llm-judge{task}{reference}" for task in ("", "-pair", "-wins", "-rank") for reference in ("", "-ref")
    )
    assert specs["llm-judge-pair"].unit == "pair"
    assert specs["llm-judge-wins-ref"].needs == ("reference", "peers")
    assert {spec.cost for spec in specs.values()} == {"paid"}


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"criterion": "korrekthet"}, "no criterion 'korrekthet'"),
        ({"criterion": ["correctness", "correctness"]}, "different names"),
        ({"scale": "3-1"}, "must be less"),
        ({"scale": "bra"}, "two whole numbers"),
        ({"samples": 0}, "samples is a whole number from 1 to 1000"),
        ({"samples": 1_000_000_000}, "samples is a whole number from 1 to 1000"),
        ({"task": "rank", "orders": 1001}, "orders is a whole number from 1 to 1000"),
        ({"scale": "1-1000000000"}, "more than 1001 values"),
        ({"criterion": None}, "criterion is a name or a list"),
        ({"temperature": 3}, "temperature is"),
        ({"read": "x"}, r"read is one of auto, verdict, expectation, got 'x'\Z"),
        ({"output": "yaml"}, "output is one of"),
        ({"panel": "vote"}, "panel is one of"),
        ({"panel": "majority", "read": "expectation"}, "a majority is of verdicts"),
        ({"language": "fi"}, "not there in 'fi'"),
        ({"together": ["naturalness"]}, "lacks the criterion"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "give one"),
        ({"prompt": "no-such"}, "there is no prompt"),
    ],
)
def test_wrong_choices_are_told_of(chosen: dict[str, Any], problem: str) -> None:
    with pytest.raises((ValueError, HarnessError), match=problem):
        settings(**chosen)


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"model": []}, "empty list"),
        ({"model": " "}, "model is a name"),
        ({"model": {"model": "m", "url": "x"}}, "no parameter 'url'"),
        ({"model": "m", "backend": "vllm"}, "backend is one of"),
        ({"model": "m", "backend": "server", "base_url": "http://localhost/v1"}, "leave out base_url"),
        ({"model": "m", "key_env": None}, "key_env is the name of an environment variable"),
        ({"model": "m", "key_env": " "}, "key_env is the name of an environment variable"),
        ({"model": "m", "threads": 4}, "threads is for backend=server: leave it out of backend=openai"),
        ({"model": "m", "backend": "transformers", "context": 4096}, "context is for backend=server"),
        ({"model": "m", "device": "cuda"}, "device is for backend=transformers"),
        ({"model": "m", "backend": "server", "dtype": "bfloat16"}, "dtype is for backend=transformers"),
        ({"model": "m", "backend": "server", "round": 1}, "round is for backend=openai"),
        ({"model": ["a", {"model": "m", "threads": 1}]}, "threads is for backend=server"),
    ],
)
def test_wrong_judges_are_told_of(chosen: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build("direct", False, **chosen)


def test_another_round_is_another_judge_whose_replies_are_its_own() -> None:
    def names(round: int) -> str:
        return build("direct", False, model="m", base_url="http://127.0.0.1:9/v1", round=round).signature

    assert "|judge:m@127.0.0.1:9|" in names(0)
    assert "|judge:m@127.0.0.1:9#2|" in names(2)
    with pytest.raises((ValueError, HarnessError), match="round is a whole number from 0"):
        names(-1)


def test_a_parameter_of_one_backend_may_stand_beside_a_panel_in_which_one_judge_has_it() -> None:
    listed = [{"model": "a.gguf", "backend": "server"}, "m"]
    assert [choice.threads for choice in choices_of(listed, {"threads": 4})] == [4, 4]
