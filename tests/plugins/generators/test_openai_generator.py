"""The generator openai: answers of a real loopback server, kept, and errors that are asked again."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="needs metaeval-harness[judge]")

from chat_server import Answer, Seen, chat_server, completion
from harness_plugins.generators.openai_generator import OpenAiGenerator

from harness.plugins import load_plugins
from harness.records import Example
from harness.registry import PluginRef
from harness.stages.generate import SystemRef, generate
from harness.store import Run

EXAMPLES = [Example.from_instruction(f"e/{n}", f"Räkna till {n}", [str(n)], language="sv") for n in range(3)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "no-key")


def shouting(seen: Seen) -> Answer:
    return Answer(completion(seen.text.upper()))


def made(url: str, **params: Any) -> OpenAiGenerator:
    return OpenAiGenerator("small", base_url=url, **params)


def test_every_example_is_answered_and_asked_once() -> None:
    with chat_server(shouting) as server:
        found = list(made(server.url, stop="slut", params={"seed": 3}).generate(EXAMPLES))
        again = list(made(server.url, stop="slut", params={"seed": 3}).generate(EXAMPLES))
    assert [(one.example_id, one.text, one.finish) for one in found] == [(f"e/{n}", f"RÄKNA TILL {n}", "stop") for n in range(3)]
    assert [one.text for one in again] == [one.text for one in found]
    assert len(server.seen) == 3
    assert {key: server.seen[0].body[key] for key in ("max_tokens", "temperature", "stop", "seed")} == {
        "max_tokens": 512,
        "temperature": 0.0,
        "stop": ["slut"],
        "seed": 3,
    }


def test_a_reply_that_was_refused_is_an_error_and_asked_again(tmp_path: Path) -> None:
    refused = {"e/1"}

    def sometimes(seen: Seen) -> Answer:
        if seen.text.endswith("1") and refused:
            return Answer({"error": {"message": "no such thing"}}, status=400)
        return shouting(seen)

    registry = load_plugins()
    with chat_server(sometimes) as server:
        system = SystemRef(name="served", generator=PluginRef("openai", {"model": "small", "base_url": server.url}))

        def outputs() -> list[Any]:
            with Run.open(tmp_path / "run", config={}, command=["test"]) as run:
                return generate(run, registry, [system], EXAMPLES, lambda *_: None, cache=None)

        first = outputs()
        asked = len(server.seen)
        refused.clear()
        second = outputs()
    assert [one.finish for one in first] == ["stop", "error", "stop"]
    assert first[1].text is None
    assert "no such thing" in first[1].meta["detail"]
    assert [one.text for one in second] == ["RÄKNA TILL 0", "RÄKNA TILL 1", "RÄKNA TILL 2"]
    assert len(server.seen) == asked + 1


def test_samples_are_asked_for_one_by_one() -> None:
    with chat_server(shouting) as server:
        found = list(made(server.url, temperature=1.0, samples=2).generate(EXAMPLES[:2]))
    assert [(one.example_id, one.sample) for one in found] == [("e/0", 0), ("e/0", 1), ("e/1", 0), ("e/1", 1)]
    assert len(server.seen) == 4


def test_a_plan_asks_nobody() -> None:
    with chat_server(shouting) as server:
        plan = made(server.url, max_tokens=10).calls(EXAMPLES)
    assert (plan.calls, plan.tokens_out, server.seen) == (3, 30, [])


@pytest.mark.parametrize(
    ("params", "complaint"),
    [({"samples": 2}, "need a temperature"), ({"max_tokens": 0}, "max_tokens"), ({"spoon": 1}, "no parameter 'spoon'")],
)
def test_parameters_that_do_not_fit_are_refused(params: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        OpenAiGenerator("small", **params)


def test_the_key_is_in_no_signature() -> None:
    assert "no-key" not in OpenAiGenerator("small", base_url="http://127.0.0.1:9").signature
