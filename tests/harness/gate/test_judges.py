"""Judges on recorded replies: recorded from a server, read again without it, and every change after the reply found."""

import json
import shutil
from pathlib import Path

import pytest
from chat_server import chat_server
from click.testing import CliRunner, Result
from harness_plugins.judges import metrics, reading, scoring
from harness_plugins.judges.calls import Caller
from judge_gate import strict, write_gate
from msgspec.structs import replace

from harness.chat import store
from harness.cli.main import harness
from harness.config import shipped
from harness.gate.baseline import read_baseline
from harness.gate.judges import replay_all
from harness.plugins import load_plugins


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(harness, ["gate", *words, "--config", str(folder / "gate.yaml")], catch_exceptions=False)


def gate(folder: Path) -> str:
    return CliRunner().invoke(harness, ["gate", "-q", "--config", str(folder / "gate.yaml")], catch_exceptions=False).output


@pytest.fixture(scope="module")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate")
    with pytest.MonkeyPatch.context() as patch, chat_server(strict) as server:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        patch.setenv("OPENAI_API_KEY", "sk-not-to-be-written")
        write_gate(folder, server.url, samples=2)
        run(folder, "record", "-q")
        run(folder, "update", "-q", "--reason", "first")
    return folder


@pytest.fixture
def recorded(recorded_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a gate, its recorded replies and its baseline; the server is gone."""
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(recorded_once, tmp_path / "gate"))


def test_recorded_replies_are_read_again_without_the_server(recorded: Path) -> None:
    (judge,) = read_baseline(recorded / "baseline.json").judges.values()
    assert judge.scores == {"capital-a": 3.0, "capital-b": 1.0, "river-a": 3.0, "river-b": 1.0, "river-c": "empty"}
    assert gate(recorded) == "pass: 4 checks of 1 metrics: 4 passed\n"


def test_a_file_of_replies_can_be_read_in_a_diff_and_holds_no_key(recorded: Path) -> None:
    text = (recorded / "replies" / "tiny.jsonl").read_text(encoding="utf-8")
    about, request, *replies = map(json.loads, text.splitlines())
    assert "sk-not" not in text
    assert about["origin"].startswith("tiny@127.0.0.1")
    assert request["messages"][0][1].startswith("You judge an answer")
    assert [(one["of"], one.get("sample", 0), one["text"][-1]) for one in replies[:3]] == [
        (["capital-a"], 0, "3"),
        (["capital-a"], 1, "3"),
        (["capital-b"], 0, "1"),
    ]


def test_a_parser_that_takes_another_verdict_is_told_with_the_reply(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "read", lambda reply, asked, code, texts: dict.fromkeys(asked.criteria))
    monkeypatch.setattr("harness_plugins.judges.judge.read", reading.read)
    told = gate(recorded)
    assert "llm-judge (tiny): the parser changed: 8 of 8 recorded replies are read otherwise and the signature did not" in told
    assert "was 3 and is unparsed" in told
    assert "coverage fell: 4 lost their score" in told


def test_a_score_put_together_otherwise_is_told_as_aggregation(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scoring.result
    monkeypatch.setattr(metrics, "result", lambda votes, *rest: whole([[sum(vote)] for vote in votes], *rest))
    told = gate(recorded)
    assert "llm-judge (tiny): scores moved on 4 of 5 outputs and the signature did not" in told
    assert "it is the aggregation (samples, orders, judges of a panel) that changed; most on capital-a (3 → 6)" in told
    assert "parser" not in told


def test_a_prompt_that_changed_finds_no_reply_and_its_first_other_line_is_shown(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Caller.requests

    def changed(self, calls, mode):
        asked = whole(self, calls, mode)
        return [replace(one, messages=(("user", one.messages[0][1].replace("The task:", "Task:")),)) for one in asked]

    monkeypatch.setattr(Caller, "requests", changed)
    told = gate(recorded)
    assert "llm-judge (tiny): prompt changed: 8 of 8 requests have no recorded reply, so coverage falls and the signature" in told
    assert "of the prompt: “The task:” became “Task:”" in told


def test_a_sample_that_is_dropped_leaves_recorded_replies_that_nobody_asks_for(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Caller.requests
    monkeypatch.setattr(Caller, "requests", lambda self, calls, mode: [one for one in whole(self, calls, mode) if not one.sample])
    monkeypatch.setattr(
        "harness_plugins.judges.judge.Judge._grouped",
        lambda self, calls, mode, replies: [[metrics.Said(mode, reply)] for reply in replies],
    )
    told = gate(recorded)
    assert "4 of 8 recorded replies are no longer asked for: an order of showing, a sample, a criterion" in told
    assert "first capital-a (sample 1, tiny@127.0.0.1" in told


def test_keys_that_change_are_told_as_replies_that_users_would_pay_for_again(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_FORMAT", 2)
    told = gate(recorded)
    assert "the keys of requests changed: 1 of 1 recorded requests are kept under another key now" in told
    assert "prompt changed" not in told


def test_other_replies_than_the_baseline_s_are_not_compared(recorded: Path) -> None:
    file = recorded / "replies" / "tiny.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace(': 1"', ': 2"'), encoding="utf-8")
    told = gate(recorded)
    assert "llm-judge (tiny): its answers or recorded replies are not those of the baseline" in told
    assert told.count("fail:") == 2  # that, and the sum


def test_a_judge_of_the_gate_can_be_looked_at_alone_and_an_unknown_one_is_named(recorded: Path) -> None:
    assert "4 checks of 1 metrics" in run(recorded, "-q", "-m", "llm-judge (tiny)").output
    assert "4 checks of 1 metrics" in run(recorded, "-q", "-m", "llm-judge").output
    wrong = CliRunner().invoke(harness, ["gate", "-m", "llm-judge (big)", "-c", str(recorded / "gate.yaml")])
    assert "llm-judge (tiny)" in wrong.output


def test_a_judge_that_keeps_no_verdicts_could_not_be_asked_and_the_others_are(recorded: Path) -> None:
    config = recorded / "judges.yaml"
    judges = json.loads(config.read_text(encoding="utf-8"))
    replies = recorded / "replies"
    (replies / "chrf.jsonl").write_bytes((replies / "tiny.jsonl").read_bytes())
    judges["judges"].insert(0, {"metric": "chrf", "replies": "replies/chrf.jsonl"})
    config.write_text(json.dumps(judges), encoding="utf-8")
    told = gate(recorded)
    assert "error: chrf could not be asked: chrf: no metric that asks models" in told
    assert "llm-judge (tiny)" not in told


@pytest.mark.slow
def test_the_shipped_judges_find_all_their_replies_and_say_what_the_baseline_says() -> None:
    folder = shipped("configs") / "gate"
    baseline = read_baseline(folder / "baseline.json").judges
    found = replay_all(folder / "judges" / "judges.yaml", load_plugins())
    assert [(one.problem, one.missing, one.unused) for one in found] == [(None, 0, 0)] * len(baseline)
    assert {one.label: one.now and one.now.verdicts for one in found} == {name: one.verdicts for name, one in baseline.items()}
