"""The transformers generator: texts, several samples, stops, beams and choices of a tiny model, and what it refuses."""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("transformers", reason="needs metaeval-harness[judge-transformers]")
pytest.importorskip("torch", reason="needs metaeval-harness[judge-transformers]")

from generated import generate_into, outputs_held
from harness_plugins.generators.transformers_generator import TransformersGenerator
from tiny_models import tiny_llama

from harness.errors import PluginError
from harness.executors.processes import LocalExecutor
from harness.executors.serial import SerialExecutor
from harness.plugins import load_plugins
from harness.records import Example
from harness.registry import PluginRef

EXAMPLES = [Example.from_instruction(f"e/{n}", "säg " + "hej " * n, ["hej"], language="sv") for n in range(1, 5)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def made(tiny: Path, **params: Any) -> TransformersGenerator:
    return TransformersGenerator(str(tiny), device="cpu", **{"max_new_tokens": 12, **params})


def test_every_example_is_answered_in_order_as_it_is_alone(tiny: Path) -> None:
    found = list(made(tiny, rows=2).generate(EXAMPLES))
    assert [output.example_id for output in found] == [example.id for example in EXAMPLES]
    assert [output.text for output in found] == [next(made(tiny).generate([example])).text for example in EXAMPLES]
    assert all(output.finish in ("stop", "length") and output.tokens_out is not None for output in found)


@pytest.mark.parametrize("beams", [1, 3])
def test_greedy_and_searched_answers_are_those_of_transformers(tiny: Path, beams: int) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModelForCausalLM.from_pretrained(tiny).eval()
    how = {"max_new_tokens": 12, "do_sample": False, "pad_token_id": 0, "num_beams": beams}
    for output, example in zip(made(tiny, beams=beams).generate(EXAMPLES), EXAMPLES, strict=True):
        prompt = f"<|im_start|>user\n{example.instruction}<|im_end|>\n<|im_start|>assistant\n"
        ids = torch.tensor([tokenizer(prompt, add_special_tokens=False)["input_ids"]])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), **how)
        assert output.text == tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True).strip()


def test_samples_differ_and_come_again_with_the_same_seed(tiny: Path) -> None:
    first = [o.text for o in made(tiny, temperature=1.0, samples=3).generate(EXAMPLES[:2])]
    again = [o.text for o in made(tiny, temperature=1.0, samples=3, rows=1).generate(EXAMPLES[:2])]
    other = [o.text for o in made(tiny, temperature=1.0, samples=3, seed=1).generate(EXAMPLES[:2])]
    assert first == again
    assert len(set(first)) > 1
    assert first != other


def test_an_answer_ends_before_its_stop_text(tiny: Path) -> None:
    [whole] = made(tiny, temperature=1.0, max_new_tokens=30).generate(EXAMPLES[:1])
    stop = whole.text[5]
    [cut] = made(tiny, temperature=1.0, max_new_tokens=30, stop=[stop]).generate(EXAMPLES[:1])
    assert (cut.text, cut.finish) == (whole.text[: whole.text.index(stop)].strip(), "stop")


def test_choices_get_the_log_likelihoods_of_their_texts(tiny: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    choice = Example.from_instruction("c/1", "vilken", [], language="sv", kind="choice", choices=("ja", "nej tack"))
    [mixed, output] = made(tiny).generate([EXAMPLES[0], choice])
    assert mixed.text is not None
    assert output.loglik is not None
    tokenizer, model = AutoTokenizer.from_pretrained(tiny), AutoModelForCausalLM.from_pretrained(tiny).eval()
    prompt = tokenizer("<|im_start|>user\nvilken<|im_end|>\n<|im_start|>assistant\n", add_special_tokens=False)["input_ids"]
    for text, said in zip(choice.choices, output.loglik, strict=True):
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = model(torch.tensor([[*prompt, *tokens]])).logits[0].double().log_softmax(-1)
        wanted = sum(float(logits[len(prompt) - 1 + place, token]) for place, token in enumerate(tokens))
        assert said.sum == pytest.approx(wanted, abs=1e-4)
        assert (said.tokens, said.characters) == (len(tokens), len(text))


def test_the_signature_says_what_changes_an_answer_and_nothing_else(tiny: Path) -> None:
    signature = made(tiny).signature
    assert signature.startswith("transformers|model:tiny-llama@hf:")
    assert signature == made(tiny, rows=3, batch_tokens=99).signature
    others = [
        made(tiny, style="alpaca"),
        made(tiny, max_new_tokens=3),
        made(tiny, temperature=0.5),
        made(tiny, stop=["x"]),
        made(tiny, beams=2),
    ]
    assert len({signature, *(other.signature for other in others)}) == 6


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"samples": 2}, "need a temperature"),
        ({"beams": 2, "temperature": 1.0}, "beam search draws nothing"),
        ({"style": "chatty"}, "style is one of"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"stop": [""]}, "stop is a text"),
        ({"top_p": 0.0}, "top_p"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(tiny: Path, params: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        made(tiny, **params)


def test_a_prompt_that_leaves_no_room_is_an_error_that_says_so_and_the_others_are_answered(tiny: Path) -> None:
    long = Example.from_instruction("e/long", "a" * 4090, [], language="sv")
    choice = Example.from_instruction("c/long", "a" * 4090, [], language="sv", kind="choice", choices=("ja", "nej"))
    refused, other, answered = made(tiny).generate([long, choice, EXAMPLES[0]])
    assert (refused.finish, refused.text, refused.meta["status"]) == ("error", None, "too-long")
    assert "the model reads 4096, an answer of up to 12 among them: lower max_new_tokens" in refused.meta["detail"]
    assert other.meta["detail"].endswith("its choices among them")
    assert answered.text == next(made(tiny).generate(EXAMPLES[:1])).text


def test_without_a_chat_template_another_style_is_asked_for(tiny: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(tiny, bare)
    told = json.loads((bare / "tokenizer_config.json").read_text())
    del told["chat_template"]
    (bare / "tokenizer_config.json").write_text(json.dumps(told))
    with pytest.raises(PluginError, match="'bare' has no chat template: set style to sweinstruct, alpaca or plain"):
        list(made(bare).generate(EXAMPLES[:1]))
    assert next(made(bare, style="plain").generate(EXAMPLES[:1])).finish in ("stop", "length")


def test_as_done_every_example_comes_once_with_its_samples_together_whatever_the_order(tiny: Path) -> None:
    generator = made(tiny, temperature=1.0, samples=2, rows=3, stop=["e"], max_new_tokens=30)
    found = list(generator.generate_as_done(EXAMPLES))
    assert [output.sample for output in found] == [0, 1] * len(EXAMPLES)
    assert [one.example_id for one in found[::2]] == [one.example_id for one in found[1::2]]
    assert sorted(found, key=lambda output: output.id) == list(generator.generate(EXAMPLES))


def test_it_is_found_by_its_name(tiny: Path) -> None:
    registry = load_plugins()
    built = registry.build("generator", PluginRef("transformers", {"model": str(tiny), "max_new_tokens": 3}))
    assert len(list(built.generate(EXAMPLES[:1]))) == 1


def mixed(number: int) -> list[Example]:
    """Questions of many lengths, every third with choices."""
    made = [Example.from_instruction(f"m/{n:02}", "säg " + "hej " * (n % 7 + 1), ["hej"], language="sv") for n in range(number)]
    more = {"kind": "choice", "choices": ("hej", "hejdå", "tack så mycket")}
    return [msgspec.structs.replace(one, **(more if n % 3 == 0 else {})) for n, one in enumerate(made)]


def test_outputs_are_the_same_to_the_byte_on_processes_and_after_a_stop(tiny: Path, tmp_path: Path) -> None:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so that two processes find a core each
    params = {"model": str(tiny), "device": "cpu", "max_new_tokens": 8, "temperature": 1.0, "samples": 2, "ahead": 5}

    def stop(label: str, done: int, total: int) -> None:
        if done >= 7:
            raise KeyboardInterrupt

    def answer(name: str, executor: Any, *more: Any) -> None:
        generate_into(tmp_path / name, mixed(24), [], executor, *more, generator="transformers", **params)

    try:
        answer("serial", SerialExecutor())
        answer("local", LocalExecutor(2, ("cpu", "gpu")))
        with pytest.raises(KeyboardInterrupt):
            answer("stopped", SerialExecutor(), stop)
        answer("stopped", SerialExecutor())
    finally:
        torch.set_num_threads(threads)
    assert len(outputs_held(tmp_path / "serial")) == 2
    assert outputs_held(tmp_path / "local") == outputs_held(tmp_path / "serial")
    assert outputs_held(tmp_path / "stopped") == outputs_held(tmp_path / "serial")


def test_it_computes_with_the_threads_that_it_is_told(tiny: Path) -> None:
    import torch

    before = torch.get_num_threads()
    try:
        made(tiny).threads = 1
        assert (torch.get_num_threads(), made(tiny).threads) == (1, 1)
    finally:
        torch.set_num_threads(before)
    assert made(tiny).threads == before
    assert (made(tiny).batch_size, made(tiny, ahead=7).batch_size) == (128, 7)
    assert TransformersGenerator(str(tiny), device="cuda").threads == 1
