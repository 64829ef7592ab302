"""Judges asked again for real: the same judge, one that drifted, one that costs money, one that is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from chat_server import Answer, ChatServer, Seen, chat_server, completion
from click.testing import CliRunner, Result
from judge_gate import generous, plugins, record_all, strict, write_gate

from harness.cli.main import harness
from harness.errors import HarnessError, InputError
from harness.gate import live as module
from harness.gate.baseline import Baseline
from harness.gate.findings import Finding
from harness.gate.judges_config import load_judges
from harness.gate.live import LiveOptions, live

PRICES = "- {model: tiny, host: '*', in: 1.0, out: 1.0, date: 2026-01-01, source: invented}\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def recorded(folder: Path, server: ChatServer, **params: object) -> Baseline:
    """A gate with the server's replies of now."""
    write_gate(folder, server.url, **params)
    return record_all(folder)


def asked(folder: Path, before: Baseline, **options: object) -> tuple[Finding, list[str]]:
    """What asking again finds, and what was told on the way."""
    told: list[str] = []
    given = LiveOptions(**{"sample": 4, "seed": 1, **options})  # type: ignore[arg-type]
    (found,) = live(load_judges(folder / "judges.yaml"), before, plugins(), given, (), told.append)
    return found, told


def command(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(harness, ["gate", *words, "--config", str(folder / "gate.yaml")])


class Changing:
    """A server whose judge can be exchanged."""

    def __init__(self, judge: Callable[[Seen], Answer]) -> None:
        self.judge = judge

    def __call__(self, seen: Seen) -> Answer:
        return self.judge(seen)


def test_a_judge_that_says_what_it_said_is_asked_anew_and_does_not_fail(tmp_path: Path) -> None:
    with chat_server(strict) as server:
        before = recorded(tmp_path, server)
        calls = len(server.seen)
        found, told = asked(tmp_path, before, sample=3)
        assert len(server.seen) == calls + 3
    assert "at most 3 answers (too few to know that it is the same, which takes 18), 3 calls, no price is known" in told[0]
    assert "differ from the recorded ones by 0.000 [0.000, " in found.message
    assert "n = 3 of at most 3 answers" in found.message
    assert found.level == "inconclusive"


def test_few_answers_suffice_where_only_a_large_drift_matters(tmp_path: Path) -> None:
    with chat_server(strict) as server:
        before = recorded(tmp_path, server)
        config = tmp_path / "judges.yaml"
        config.write_text(config.read_text().replace('"replies"', '"drift": {"allowed": 0.05, "too_much": 0.6}, "replies"'))
        found, _ = asked(tmp_path, before)
    assert found.level == "pass"
    assert found.message.endswith("less than 0.6")


def test_a_judge_that_drifted_fails_and_is_asked_no_longer_than_it_takes(tmp_path: Path) -> None:
    changing = Changing(strict)
    with chat_server(changing) as server:
        before = recorded(tmp_path, server)
        changing.judge = lambda seen: Answer(completion("I no longer give verdicts."))
        calls = len(server.seen)
        found, _ = asked(tmp_path, before, sample=100)
        assert len(server.seen) == calls + 4  # 3 decide; it asks about 4 at once
    assert "llm-judge (tiny): the judge drifted: live scores differ from the recorded ones by 1.000 [" in found.message
    assert "n = 3 of at most 4 answers" in found.message
    assert found.level == "fail"
    assert [one.now for one in found.moved] == [None] * 4


def test_live_replies_are_kept_and_the_recorded_ones_stay(tmp_path: Path) -> None:
    changing = Changing(strict)
    with chat_server(changing) as server:
        before = recorded(tmp_path, server)
        replies = (tmp_path / "replies" / "tiny.jsonl").read_bytes()
        changing.judge = generous
        found, _ = asked(tmp_path, before)
    assert {one.pair for one in found.moved} == {"capital-b", "river-b"}
    assert (tmp_path / "replies" / "tiny.jsonl").read_bytes() == replies
    (kept,) = (tmp_path / "cache" / "gate-live").glob("*/replies.sqlite")
    assert kept.stat().st_size


def test_the_price_is_said_before_and_the_budget_kept(tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICES, encoding="utf-8")
    with chat_server(strict) as server:
        before = recorded(tmp_path, server, prices=str(prices))
        calls = len(server.seen)
        poor, told = asked(tmp_path, before, budget=0.0001)
        assert len(server.seen) == calls
        rich, _ = asked(tmp_path, before, budget=1.0)
    assert "4 calls, at most 0.0" in told[0]
    assert "of which 0.0001 USD may be spent" in told[0]
    assert "nothing was asked: asking on may cost more than the budget of 0.0001 USD" in poor.message
    assert poor.level == "error"
    assert "n = 4 of at most 4 answers, 0.0000 USD" in rich.message  # 4 times 12 tokens


def test_a_budget_where_no_price_is_known_is_refused_and_an_unknown_judge_too(tmp_path: Path) -> None:
    with chat_server(strict) as server:
        before = recorded(tmp_path, server)
        with pytest.raises(InputError, match=r"no price is known for tiny@127\.0\.0\.1"):
            asked(tmp_path, before, budget=1.0)
    with pytest.raises(InputError, match="no judge is called 'big'; there are llm-judge"):
        list(live(load_judges(tmp_path / "judges.yaml"), before, plugins(), LiveOptions(sample=1), ("big",), print))


def test_a_server_that_is_gone_is_no_drift(tmp_path: Path) -> None:
    with chat_server(strict) as server:
        before = recorded(tmp_path, server)
    found, _ = asked(tmp_path, before)
    assert found.level == "error"
    assert "llm-judge (tiny) could not be asked live" in found.message


def test_answers_that_could_not_be_asked_about_are_counted_and_many_of_them_leave_it_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(seen: Seen) -> Answer:
        return Answer({"error": {"message": "too long"}}, status=400) if "Bergen" in seen.text else strict(seen)

    changing = Changing(strict)
    with chat_server(changing) as server:
        before = recorded(tmp_path, server)
        config = tmp_path / "judges.yaml"
        config.write_text(config.read_text().replace('"replies"', '"drift": {"allowed": 0.05, "too_much": 0.7}, "replies"'))
        changing.judge = refusing
        found, _ = asked(tmp_path, before)
        monkeypatch.setattr(module, "_FAILED", 0.5)
        few, _ = asked(tmp_path, before)
    assert "; 1 of 4 could not be asked (capital-b: " in found.message
    assert (found.level, few.level) == ("inconclusive", "warning")
    assert "more than 10% of the answers could not be asked about" in found.message
    assert few.message.startswith("llm-judge (tiny): live scores differ from the recorded ones by 0.000")
    assert "1 of 4 could not be asked" in few.message


def test_a_recording_that_fails_leaves_no_file_and_goes_on_later(tmp_path: Path) -> None:
    def failing(seen: Seen) -> Answer:
        return strict(seen) if "Oslo" in seen.text else Answer({"error": {"message": "broken"}}, status=404)

    changing = Changing(failing)
    with chat_server(changing) as server:
        write_gate(tmp_path, server.url)
        with pytest.raises(HarnessError):
            record_all(tmp_path)
        assert not (tmp_path / "replies").exists()
        changing.judge = strict
        assert record_all(tmp_path).judges["llm-judge (tiny)"].scores["river-b"] == 1.0


def test_the_command_says_the_price_keeps_a_budget_and_asks_only_what_has_no_file(tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(PRICES, encoding="utf-8")
    with chat_server(strict) as server:
        write_gate(tmp_path, server.url, prices=str(prices))
        plan = command(tmp_path, "record", "--dry-run")
        poor = command(tmp_path, "record", "--budget", "0.0001")
        assert not server.seen
        first = command(tmp_path, "record", "--budget", "1")
        assert len(server.seen) == 4
    assert "4 calls to make, 0 replies at hand; at most 0.0" in plan.output
    assert "nobody was asked (--dry-run)" in plan.output
    assert "more than the budget of 0.0001 USD; nobody was asked" in poor.output
    assert "llm-judge (tiny): 4 replies in " in first.output
    assert "Every judge has its recorded replies" in command(tmp_path, "record").output
    assert "--budget and --seed are of --live" in command(tmp_path, "--budget", "1").output


@pytest.mark.slow
def test_the_gate_asks_live_after_all_else(tmp_path: Path) -> None:
    changing = Changing(strict)
    with chat_server(changing) as server:
        write_gate(tmp_path, server.url)
        assert command(tmp_path, "record", "-q").exit_code == 0
        assert command(tmp_path, "update", "-q", "--reason", "first").exit_code == 0
        assert command(tmp_path, "-q", "--live", "3").exit_code == 0
        changing.judge = lambda seen: Answer(completion("I no longer give verdicts."))
        found = command(tmp_path, "-q", "--live", "4")
    assert "fail: llm-judge (tiny): the judge drifted" in found.output
    assert found.exit_code == 1
