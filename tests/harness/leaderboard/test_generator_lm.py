"""Generators as lm-eval asks models: texts cut where the task says, choices of one prompt together, failures left out."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import PluginError
from harness.leaderboard.generator_lm import GeneratorModel
from harness.records import ChoiceLoglik, Example, Output


class Loud:
    """Answers in capitals, twice an example; weighs a choice by its length; fails on what holds `fail`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        for example in examples:
            text = example.instruction or ""
            self.asked.append((text, example.choices))
            said: dict[str, Any] = {"text": text.upper(), "finish": "stop", "meta": {"price": 0.25}}
            if "fail" in text:
                said = {"finish": "error"}
            elif example.kind == "choice":
                said = {"loglik": tuple(ChoiceLoglik(sum=-float(len(c)), tokens=1, characters=len(c)) for c in example.choices)}
            for sample in range(2):
                yield Output(id="any", example_id=example.id, system="loud", sample=sample, **said)


def request(*args: Any) -> Any:
    return SimpleNamespace(args=args)


def test_texts_end_where_the_task_says_and_the_first_sample_counts() -> None:
    model = GeneratorModel(Loud(), "loud")
    told: list[Any] = []
    model.set_cache_hook(SimpleNamespace(add_partial=lambda *said: told.append(said)))
    asked = [request("en. två", {"until": ["."]}), request("fail", {"until": ["."]})]
    assert model.generate_until(asked) == ["EN", None]
    assert told == [("generate_until", ("en. två", {"until": ["."]}), "EN")]
    assert list(model.usd.values()) == [0.25]


def test_choices_of_one_prompt_are_asked_together_without_the_blank_that_generators_put() -> None:
    loud = Loud()
    found = GeneratorModel(loud, "loud").loglikelihood([request("A:", " ja"), request("B:", " ja"), request("A:", " kanske")])
    assert loud.asked == [("A:", ("ja", "kanske")), ("B:", ("ja",))]
    assert found == [(-2.0, False), (-2.0, False), (-6.0, False)]


def test_what_a_generator_cannot_say_is_an_error_not_a_number() -> None:
    model = GeneratorModel(Loud(), "loud")
    with pytest.raises(PluginError, match="no log-likelihood of whole texts"):
        model.loglikelihood_rolling([request("text")])
    with pytest.raises(PluginError, match="follow the prompt without a blank"):
        model.loglikelihood([request("A:", "ja")])
    assert model.loglikelihood([request("fail", " ja")]) == [None]
