"""Judges asked again for real: the same judge, one that drifted, one that costs money, one that is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from chat_server import Answer, ChatServer, Seen, chat_server, completion
from click.testing import CliRunner, Result
from judge_gate import generous, strict, write_gate

from harness.cli.main import harness

PRICES = "- {model: tiny, host: '*', in: 1.0, out: 1.0, date: 2026-01-01, source: invented}\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(harness, ["gate", *words, "--config", str(folder / "gate.yaml")])


def recorded(folder: Path, server: ChatServer, **params: object) -> None:
    """A gate with the server's replies of now."""
    write_gate(folder, server.url, **params)
    assert run(folder, "record", "-q").exit_code == 0
    assert run(folder, "update", "-q", "--reason", "first").exit_code == 0


class Changing:
    """A server whose judge can be exchanged."""

    def __init__(self, judge: Callable[[Seen], Answer]) -> None:
        self.judge = judge

    def __call__(self, seen: Seen) -> Answer:
        return self.judge(seen)


def test_a_judge_that_says_what_it_said_is_asked_anew_and_does_not_fail(tmp_path: Path) -> None:
    with chat_server(strict) as server:
        recorded(tmp_path, server)
        before = len(server.seen)
        found = run(tmp_path, "--live", "3", "--seed", "1")
        assert len(server.seen) == before + 3
    assert "at most 3 answers (too few to know that it is the same, which takes 18), 3 calls, no price is known" in found.output
    assert "differ from the recorded ones by 0.000 [0.000, " in found.output
    assert "n = 3 of at most 3 answers" in found.output
    assert found.exit_code == 0


def test_a_judge_that_drifted_fails_and_is_asked_no_longer_than_it_takes(tmp_path: Path) -> None:
    changing = Changing(strict)
    with chat_server(changing) as server:
        recorded(tmp_path, server)
        changing.judge = lambda seen: Answer(completion("I no longer give verdicts."))
        before = len(server.seen)
        found = run(tmp_path, "--live", "100")
        assert len(server.seen) == before + 4  # 3 decide; it asks about 4 at once
    assert "fail: llm-judge (tiny): the judge drifted: live scores differ from the recorded ones by 1.000 [" in found.output
    assert "n = 3 of at most 4 answers" in found.output
    assert found.exit_code == 1


def test_live_replies_are_kept_and_the_recorded_ones_stay(tmp_path: Path) -> None:
    changing = Changing(strict)
    with chat_server(changing) as server:
        recorded(tmp_path, server)
        replies = (tmp_path / "replies" / "tiny.jsonl").read_bytes()
        changing.judge = generous
        run(tmp_path, "--live", "4")
    assert (tmp_path / "replies" / "tiny.jsonl").read_bytes() == replies
    (kept,) = (tmp_path / "cache" / "gate-live").glob("*/replies.sqlite")
    assert kept.stat().st_size
    assert run(tmp_path, "-q").exit_code == 0


def test_the_price_is_said_before_and_the_budget_kept(tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICES, encoding="utf-8")
    with chat_server(strict) as server:
        recorded(tmp_path, server, prices=str(prices))
        before = len(server.seen)
        poor = run(tmp_path, "--live", "4", "--budget", "0.0001")
        assert len(server.seen) == before
        rich = run(tmp_path, "--live", "4", "--budget", "1")
    assert "4 calls, at most 0.0" in poor.output
    assert "of which 0.0001 USD may be spent" in poor.output
    assert "nothing was asked: asking on may cost more than the budget of 0.0001 USD" in poor.output
    assert poor.exit_code == 3
    assert "n = 4 of at most 4 answers, 0.0000 USD" in rich.output  # 4 times 12 tokens
    assert rich.exit_code == 0


def test_a_budget_where_no_price_is_known_and_a_budget_without_live_are_refused(tmp_path: Path) -> None:
    with chat_server(strict) as server:
        recorded(tmp_path, server)
        found = run(tmp_path, "--live", "4", "--budget", "1")
    assert "no price is known for tiny@127.0.0.1" in found.output
    assert found.exit_code == 2
    assert "--budget and --seed are of --live" in run(tmp_path, "--budget", "1").output


def test_a_server_that_is_gone_is_no_drift(tmp_path: Path) -> None:
    with chat_server(strict) as server:
        recorded(tmp_path, server)
    found = run(tmp_path, "--live", "2")
    assert "error: llm-judge (tiny) could not be asked live" in found.output
    assert found.exit_code == 3


def test_recording_says_the_price_keeps_a_budget_and_asks_only_what_has_no_file(tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICES, encoding="utf-8")
    with chat_server(strict) as server:
        write_gate(tmp_path, server.url, prices=str(prices))
        plan = run(tmp_path, "record", "--dry-run")
        poor = run(tmp_path, "record", "--budget", "0.0001")
        assert not server.seen
        first = run(tmp_path, "record", "--budget", "1")
        again = run(tmp_path, "record")
        anew = run(tmp_path, "record", "--judge", "llm-judge (tiny)", "-q")
        assert len(server.seen) == 4  # what was received is not asked for again
    assert "4 calls to make, 0 replies at hand; at most 0.0" in plan.output
    assert "nobody was asked (--dry-run)" in plan.output
    assert "more than the budget of 0.0001 USD; nobody was asked" in poor.output
    assert "llm-judge (tiny): 4 replies in " in first.output
    assert "Every judge has its recorded replies" in again.output
    assert "0 calls to make, 4 replies at hand" in anew.output


def test_a_recording_that_fails_leaves_no_file_and_goes_on_later(tmp_path: Path) -> None:
    def failing(seen: Seen) -> Answer:
        return strict(seen) if "Oslo" in seen.text else Answer({"error": {"message": "broken"}}, status=404)

    changing = Changing(failing)
    with chat_server(changing) as server:
        write_gate(tmp_path, server.url)
        broken = run(tmp_path, "record", "-q")
        assert not (tmp_path / "replies").exists()
        changing.judge = strict
        assert run(tmp_path, "record", "-q").exit_code == 0
    assert broken.exit_code != 0
    assert (tmp_path / "replies" / "tiny.jsonl").exists()
