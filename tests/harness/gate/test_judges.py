"""Judges on recorded replies: recorded from a server, read again without it, and every change after the reply found."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from chat_server import chat_server
from harness_plugins.judges import metrics, reading, scoring
from harness_plugins.judges.calls import Caller
from judge_gate import findings, judged, plugins, record_all, strict, write_gate
from msgspec.structs import replace

from harness.chat import store
from harness.config import shipped
from harness.errors import InputError
from harness.gate.baseline import Baseline, read_baseline
from harness.gate.checks import run_checks
from harness.gate.config import chosen, load_gate
from harness.gate.history import approved, changes
from harness.gate.judges import replay_all
from harness.gate.measure import Measured
from harness.gate.scores import extent

Gate = Callable[[], str]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Baseline]:
    folder = tmp_path_factory.mktemp("gate")
    with pytest.MonkeyPatch.context() as patch, chat_server(strict) as server:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        patch.setenv("OPENAI_API_KEY", "sk-not-to-be-written")
        write_gate(folder, server.url, samples=2)
        return folder, record_all(folder)


@pytest.fixture
def gate(once: tuple[Path, Baseline]) -> Gate:
    """Tells what the gate finds, on recorded replies whose server is gone."""
    return lambda: "\n".join(f"{one.level}: {one.message}" for one in findings(*once).values())


def test_recorded_replies_are_read_again_without_the_server(once: tuple[Path, Baseline], gate: Gate) -> None:
    (judge,) = once[1].judges.values()
    assert judge.scores == {"capital-a": 3.0, "capital-b": 1.0, "river-a": 3.0, "river-b": 1.0, "river-c": "empty"}
    assert gate() == ""


def test_a_file_of_replies_can_be_read_in_a_diff_and_holds_no_key(once: tuple[Path, Baseline]) -> None:
    text = (once[0] / "replies" / "tiny.jsonl").read_text(encoding="utf-8")
    about, request, *replies = map(json.loads, text.splitlines())
    assert "sk-not" not in text
    assert about["origin"].startswith("tiny@127.0.0.1")
    assert request["messages"][0][1].startswith("You judge an answer")
    assert [(one["of"], one.get("sample", 0), one["text"][-1]) for one in replies[:3]] == [
        (["capital-a"], 0, "3"),
        (["capital-a"], 1, "3"),
        (["capital-b"], 0, "1"),
    ]


def test_a_parser_that_takes_another_verdict_is_told_with_the_reply(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "read", lambda reply, asked, code, texts: dict.fromkeys(asked.criteria))
    monkeypatch.setattr("harness_plugins.judges.judge.read", reading.read)
    told = gate()
    assert (
        "llm-judge (tiny): the parser changed: 8 of 8 verdicts are read otherwise from recorded replies and the signature did not"
        in told
    )
    assert "was 3 and is unparsed" in told
    assert "coverage fell: 4 lost their score" in told


def test_a_score_put_together_otherwise_is_told_as_aggregation(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scoring.result
    monkeypatch.setattr(metrics, "result", lambda votes, *rest: whole([[sum(vote)] for vote in votes], *rest))
    told = gate()
    assert "llm-judge (tiny): scores moved on 4 of 5 outputs and the signature did not" in told
    assert "it is the aggregation (samples, orders, judges of a panel) that changed; most on capital-a (3 → 6)" in told
    assert "parser" not in told


def test_a_prompt_that_changed_finds_no_reply_and_its_first_other_line_is_shown(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Caller.requests

    def changed(self, calls, mode):
        asked = whole(self, calls, mode)
        return [replace(one, messages=(("user", one.messages[0][1].replace("The task:", "Task:")),)) for one in asked]

    monkeypatch.setattr(Caller, "requests", changed)
    told = gate()
    assert "llm-judge (tiny): prompt changed: 8 of 8 requests have no recorded reply, so coverage falls and the signature" in told
    assert "of the prompt: “The task:” became “Task:”" in told


def test_a_sample_that_is_dropped_leaves_recorded_replies_that_nobody_asks_for(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Caller.requests
    monkeypatch.setattr(Caller, "requests", lambda self, calls, mode: [one for one in whole(self, calls, mode) if not one.sample])
    monkeypatch.setattr(
        "harness_plugins.judges.judge.Judge._grouped",
        lambda self, calls, mode, replies: [[metrics.Said(mode, reply)] for reply in replies],
    )
    told = gate()
    assert "4 of 8 recorded replies are no longer asked for: an order of showing, a sample, a criterion" in told
    assert "first capital-a (sample 1, tiny@127.0.0.1" in told


def test_keys_that_change_are_told_as_replies_that_users_would_pay_for_again(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_FORMAT", 2)
    told = gate()
    assert "the keys of requests changed: 1 of 1 recorded requests are kept under another key now" in told
    assert "prompt changed" not in told


def test_other_replies_than_the_baseline_s_are_not_compared(once: tuple[Path, Baseline], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(once[0], tmp_path / "copy"))
    file = copy / "replies" / "tiny.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace(': 1"', ': 2"'), encoding="utf-8")
    found = findings(copy, once[1])
    assert list(found) == ["judge-replies"]
    assert "llm-judge (tiny): its answers or recorded replies are not those of the baseline" in found["judge-replies"].message


def test_a_judge_that_left_the_gate_is_missed_and_one_that_the_baseline_lacks_is_told_by_every_check(
    once: tuple[Path, Baseline],
) -> None:
    config = load_gate(once[0] / "gate.yaml")
    held = once[1].judges["llm-judge (tiny)"]
    both = Baseline(judges={"llm-judge (tiny)": held, "llm-judge (gone)": held})
    (found,) = run_checks(config, both, Measured(Baseline(), {}, {}, {}), ["extent"])
    assert (found.metric, found.level) == ("llm-judge (gone)", "fail")
    assert "llm-judge (gone) is in the baseline and no longer in the gate" in found.message
    assert list(extent(chosen(config, ("llm-judge",)), both, Measured(Baseline(), {}, {}, {}))) == []
    (found,) = run_checks(config, Baseline(), Measured(Baseline(), {}, {}, {}, judges=[judged(once[0])]), ["judge-scores"])
    assert (found.check, found.level) == ("judge-replies", "fail")
    assert "llm-judge (tiny) is not in the baseline" in found.message


def test_a_tolerance_that_was_raised_is_told_and_does_not_let_scores_move(once: tuple[Path, Baseline]) -> None:
    folder, before = once
    ((label, judge),) = before.judges.items()
    stricter = replace(judge, tolerance=judge.tolerance / 2, scores={**judge.scores, "capital-b": 1.0 + judge.tolerance * 0.75})
    held = Baseline(judges={label: stricter})
    found = findings(folder, held)
    assert (
        f"its tolerance was {stricter.tolerance:g} and is {judge.tolerance:g}, which lets scores"
        in found["judge-replies"].message
    )
    assert "scores moved on 1 of 5 outputs" in found["judge-scores"].message
    after = approved(load_gate(folder / "gate.yaml"), held, before, Measured(before, {}, {}, {}))
    assert after.judges[label].scores == judge.scores
    assert changes(held, after)[0].startswith(f"{label}: tolerance {stricter.tolerance} → {judge.tolerance}, 1 of 5 scores are")


def test_one_judge_of_a_gate_may_be_chosen_by_label_or_name_and_an_unknown_one_is_told_what_there_is(
    once: tuple[Path, Baseline],
) -> None:
    config = load_gate(once[0] / "gate.yaml")
    assert chosen(config, ("llm-judge (tiny)",)).only_judges == ("llm-judge (tiny)",)
    assert chosen(config, ("llm-judge",)).only_judges == ("llm-judge (tiny)",)
    assert chosen(config, ("judges",)).only_judges == ()
    with pytest.raises(InputError, match=r"no metric 'llm-judge \(big\)'; there are judges, llm-judge \(tiny\)"):
        chosen(config, ("llm-judge (big)",))


def test_a_metric_that_keeps_no_verdicts_could_not_be_asked_and_the_judges_beside_it_are(
    once: tuple[Path, Baseline], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(once[0], tmp_path / "copy"))
    judges = json.loads((copy / "judges.yaml").read_text(encoding="utf-8"))
    shutil.copy(copy / "replies" / "tiny.jsonl", copy / "replies" / "chrf.jsonl")
    judges["judges"].insert(0, {"metric": "chrf", "replies": "replies/chrf.jsonl"})
    (copy / "judges.yaml").write_text(json.dumps(judges), encoding="utf-8")
    first, second = replay_all(copy / "judges.yaml", plugins())
    assert first.problem == "chrf: no metric that asks models: it has no `verdicts` and `plan`; list it under metrics"
    assert second.now == once[1].judges["llm-judge (tiny)"]


@pytest.mark.slow
def test_the_shipped_judges_find_all_their_replies_and_say_what_the_baseline_says() -> None:
    folder = shipped("configs") / "gate"
    baseline = read_baseline(folder / "baseline.json").judges
    found = replay_all(folder / "judges" / "judges.yaml", plugins())
    assert [(one.problem, one.missing, one.unused) for one in found] == [(None, 0, 0)] * len(baseline)
    assert {one.label: one.now and one.now.verdicts for one in found} == {name: one.verdicts for name, one in baseline.items()}
