"""A leaderboard of a model behind an address, through lm-eval's own client."""

from pathlib import Path

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")
pytest.importorskip("tenacity", reason="needs lm_eval[api]")
pytest.importorskip("aiohttp", reason="needs lm_eval[api]")

from chat_server import Answer, Seen, chat_server, completion
from toy_lm_eval import toy_tasks

from harness.cache import Cache
from harness.leaderboard.config import BoardModel, BoardTask, LeaderboardConfig
from harness.leaderboard.results import read_results
from harness.leaderboard.run import Summary, run_leaderboard
from harness.registry import PluginRef, Registry
from harness.store import Run

JSON = {"Content-Type": "application/json"}


def run(tmp_path: Path, url: str) -> Summary:
    params = {"model": "m", "base_url": f"{url}/chat/completions", "num_concurrent": 2, "max_retries": 1}
    model = BoardModel(name="served", by="lm_eval", plugin=PluginRef("local-chat-completions", params))
    config = LeaderboardConfig(
        name="b", models=(model,), tasks=(BoardTask(name="toy_text"),), task_folders=(str(toy_tasks(tmp_path / "tasks")),),
        chat=True, output="unused",
    )  # fmt: skip
    with Run.open(tmp_path / "run", config={}, command=["test"]) as opened, Cache(tmp_path / "cache") as cache:
        return run_leaderboard(opened, config, Registry(), lambda label, done, total: None, cache=cache)


def test_an_answer_that_does_not_come_is_asked_for_again_and_no_other(tmp_path: Path) -> None:
    gone: list[str] = []

    def reply(seen: Seen) -> Answer:
        number = seen.text.split(".")[0].removeprefix("Säg ")
        if number == "3" and not gone:
            gone.append(number)
            return Answer(completion(None), headers=JSON)
        return Answer(completion(f"svar {number}"), headers=JSON)

    with chat_server(reply) as server:
        (failure,) = run(tmp_path, server.url).failures
        assert "'served': 1 of 6 replies could not be had; the others are kept" in failure.error
        assert len(server.seen) == 6
        assert run(tmp_path, server.url).done == 1
        assert len(server.seen) == 7
    (result,) = read_results(tmp_path / "run").results
    assert result.values == {"exact_match": 1.0}


def test_an_empty_answer_is_an_answer(tmp_path: Path) -> None:
    with chat_server(lambda seen: Answer(completion(""), headers=JSON)) as server:
        assert run(tmp_path, server.url).done == 1
    assert [item.answers for item in read_results(tmp_path / "run").read_items("served", "toy_text")] == [("",)] * 6
