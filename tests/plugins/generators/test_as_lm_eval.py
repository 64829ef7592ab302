"""The engine as an lm-eval model: the numbers and samples of lm-eval's own `hf`, and replies that a hook receives."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="needs metaeval-harness[leaderboard]")

from harness_plugins.generators.transformers_generator import TransformersGenerator
from tiny_models import tiny_llama

CHOICE = """
task: choices
output_type: multiple_choice
doc_to_text: "{{question}} svar:"
doc_to_choice: choices
doc_to_target: label
metric_list: [{metric: acc}, {metric: acc_norm}]
"""
ANSWER = """
task: answers
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{choices[label]}}"
num_fewshot: 1
fewshot_config: {sampler: first_n}
generation_kwargs: {until: ["e", "\\n\\n"], max_gen_toks: 12, do_sample: false}
metric_list: [{metric: exact_match}, {metric: chrf, aggregation: chrf, higher_is_better: true}]
"""
ROLLING = """
task: rolling
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{question}} {{choices | join(' ')}}"
metric_list: [{metric: word_perplexity}, {metric: byte_perplexity}, {metric: bits_per_byte}]
"""
ROWS = [
    {"question": "vad heter " + "hunden " * number, "choices": [f"ja {number}", "n", "kanske inte alls", "n"][: 3 + number % 2]}
    | {"label": number % 3}
    for number in range(7)
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llama(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from lm_eval.tasks import TaskManager

    folder = tmp_path_factory.mktemp("tasks")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    data = f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {folder}/rows.jsonl}}}}\ntest_split: test\n"
    for name, text in {"choices": CHOICE, "answers": ANSWER, "rolling": ROLLING}.items():
        (folder / f"{name}.yaml").write_text(text + data)
    return TaskManager(include_path=str(folder), include_defaults=False)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


def evaluated(model: Any, tasks: Any, **settings: Any) -> Any:
    from lm_eval import simple_evaluate

    return simple_evaluate(
        model=model, tasks=["choices", "answers", "rolling"], task_manager=tasks, bootstrap_iters=0, **settings
    )


def engine(tiny: Path, **params: Any) -> Any:
    generator = TransformersGenerator(str(tiny), device="cpu", rows=3)
    return generator.lm_eval_model(**params)


@pytest.mark.parametrize("reads", [4096, 48])
def test_all_metrics_and_samples_are_those_of_lm_evals_hf(tiny: Path, tasks: Any, reads: int) -> None:
    from lm_eval.models.huggingface import HFLM

    theirs = evaluated(HFLM(pretrained=str(tiny), device="cpu", max_length=reads), tasks)
    ours = evaluated(engine(tiny, max_length=reads), tasks)
    for task, metrics in theirs["results"].items():
        for metric, value in metrics.items():
            if isinstance(value, float):
                assert ours["results"][task][metric] == pytest.approx(value, rel=1e-5), (task, metric)
    for task in ("choices", "answers", "rolling"):
        for one, other in zip(ours["samples"][task], theirs["samples"][task], strict=True):
            assert one["doc_hash"] == other["doc_hash"]
            if task == "answers":
                assert one["resps"] == other["resps"]
            elif task == "choices":
                for (mine,), (his,) in zip(one["resps"], other["resps"], strict=True):
                    assert float(mine[0]) == pytest.approx(float(his[0]), abs=1e-3)
                    assert str(mine[1]) == str(his[1])
    assert len({str(one["resps"]) for one in ours["samples"]["answers"]}) > 1


class Kept:
    """A hook that keeps what it is told."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], Any] = {}

    def add_partial(self, attr: str, req: Any, res: Any) -> None:
        self.told[attr, str(req)] = res


def test_a_hook_hears_of_each_reply_under_its_request(tiny: Path, tasks: Any) -> None:
    model, hook = engine(tiny), Kept()
    model.set_cache_hook(hook)
    found = evaluated(model, tasks, limit=2)
    requests = [
        (attr, one)
        for task, attr in (("choices", "loglikelihood"), ("answers", "generate_until"), ("rolling", "loglikelihood_rolling"))
        for one in found["samples"][task]
    ]
    for attr, sample in requests:
        for arguments, replies in zip(sample["arguments"], sample["resps"], strict=True):
            assert str(hook.told[attr, str(tuple(arguments))]) == str(replies[0])
    assert model.counted["tokens_out"] > 0


def test_what_the_engine_does_not_do_goes_lm_evals_own_way(tiny: Path) -> None:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    asked = [{"max_gen_toks": 6, "num_beams": 3}, {"max_gen_toks": 6, "repetition_penalty": 9.0}, {"max_gen_toks": 6}]
    requests = [Instance("generate_until", {}, ("hej hej", one), number) for number, one in enumerate(asked)]
    theirs = HFLM(pretrained=str(tiny), device="cpu").generate_until(requests)
    assert engine(tiny).generate_until(requests) == theirs
    assert len(set(theirs)) > 1
