"""Metrics that ask language models: ratings, comparisons and rankings, each with and without the reference."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from harness import MetricSpec, hookimpl
from harness.chat.messages import LanguageModel
from harness_plugins.judges.calls import Caller
from harness_plugins.judges.judge import Judge
from harness_plugins.judges.local_reads import judge_files
from harness_plugins.judges.metrics import JudgeMetric
from harness_plugins.judges.models import choices_of, named, open_model
from harness_plugins.judges.reading import PARSER
from harness_plugins.judges.settings import Settings, Task, read_settings

# 2: refused and cut-off replies have statuses of their own, and equally many kinds one status in any order
# 3: what stands before the answers has a code of its own in its fences
VERSION = "3"
_SUFFIX = {"direct": "", "pair": "-pair", "wins": "-wins", "rank": "-rank"}


def build(
    task: Task,
    with_reference: bool,
    *,
    model: Any,
    criterion: Any = "auto",
    scale: Any = None,
    criteria: str | None = None,
    together: Any = False,
    language: str = "auto",
    prompt: str | None = None,
    samples: int = 1,
    temperature: float | str | None = None,
    max_tokens: int | None = None,
    max_completion_tokens: int | None = None,
    read: str = "auto",
    output: str = "auto",
    panel: str = "mean",
    orders: int = 2,
    base_url: str | None = None,
    key_env: str = "OPENAI_API_KEY",
    api: str = "openai",
    api_version: str | None = None,
    backend: str = "openai",
    concurrency: int = 16,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    timeout: float = 120.0,
    budget: float | None = None,
    prices: str | None = None,
    round: int = 0,
    threads: int = 1,
    context: int = 8192,
    device: str = "auto",
    dtype: str = "float32",
) -> JudgeMetric:
    """The metric for these parameters; ValueError or a HarnessError for those that cannot be used. Asks and starts nothing.

    What is asked: `criterion`, a name or a list (their mean; auto: correctness, of comparisons overall); `scale`, such as 1-5,
    by default the criterion's; `criteria`, a file of own ones; `together`, true for all criteria in one call, or the list of
    those that are asked about with this one; `language` of the prompt, auto for the example's; `prompt`, a shipped one (direct,
    direct-2 to direct-5, direct-reasons, pair, rank) or a path. How often: `samples`, at `temperature`; `orders` of a ranking
    (each at most 1000). What comes back: `max_tokens` (or `max_completion_tokens`, where the model wants that), `output` as
    json, text or auto, `read` as verdict, expectation or auto (the expectation where the server tells probabilities), `panel`
    as mean, median or majority.

    Two criteria in one call, of which one is read: `llm-judge:MODEL,criterion=correctness,together=[correctness, relatedness]`.
    Each item ranked in four orders of showing: `llm-judge-rank:MODEL,orders=4`.
    Two judges, and a verdict only where both agree: `llm-judge:model=[gpt-4o-mini, gpt-4.1-mini],panel=majority`.

    Whom: `model`, a name, a path, or a list of them (in a config also mappings with what differs); `backend` openai for any
    compatible server (`base_url`, `api` openai or azure with `api_version`, `key_env`), server for a GGUF file that is served
    here (`threads`, `context` in tokens), transformers for a model in this process (`device`, `dtype`). `concurrency` calls at
    once, `requests_per_minute`, `tokens_per_minute`, `timeout` seconds a call, `budget` USD over all sessions, `prices`, a table;
    `round`, from 0 on: another one asks everything anew, where the model behind an address may have changed, and keeps both.
    """
    settings = read_settings(
        task,
        with_reference,
        criterion=criterion,
        criteria=criteria,
        scale=scale,
        together=together,
        language=language,
        prompt=prompt,
        samples=samples,
        temperature=temperature,
        max_tokens=max_tokens,
        max_completion_tokens=max_completion_tokens,
        read=read,
        output=output,
        panel=panel,
        orders=orders,
    )
    common = {
        "base_url": base_url,
        "key_env": key_env,
        "api": api,
        "api_version": api_version,
        "backend": backend,
        "concurrency": concurrency,
        "requests_per_minute": requests_per_minute,
        "tokens_per_minute": tokens_per_minute,
        "timeout": timeout,
        "budget": budget,
        "prices": prices,
        "round": round,
        "threads": threads,
        "context": context,
        "device": device,
        "dtype": dtype,
    }
    choices = choices_of(model, common)
    signature = signature_of(settings, [named(choice) for choice in choices])
    return assemble(
        settings,
        [open_model(choice, signature) for choice in choices],
        held=[choice.backend == "transformers" for choice in choices],
    )


def assemble(settings: Settings, models: Sequence[LanguageModel], *, held: Sequence[bool] = ()) -> JudgeMetric:
    """The metric that asks these models. `held`: which of them can be held to choices; none by default.

    Raises ValueError where two are the same, or the prompt cannot be used.
    """
    names = [model.name for model in models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is named twice in the panel; use samples to ask it more often")
    caller = Caller(settings)
    caller.check()
    judges = [
        Judge(model, settings, caller, held=able) for model, able in zip(models, held or [False] * len(models), strict=True)
    ]
    return JudgeMetric(settings, judges, caller, signature_of(settings, names))


def signature_of(settings: Settings, names: Sequence[str]) -> str:
    """Everything that a score depends on."""
    parts = {
        "judge": "+".join(names),
        "criterion": "+".join(criterion.name for criterion in settings.criteria),
        "together": "/".join("+".join(each.name for each in group) for group in settings.groups if len(group) > 1),
        "scale": str(settings.scale) if settings.task == "direct" else "",
        "ref": "yes" if settings.reference else "no",
        "prompt": f"{settings.prompt.name}@{settings.digest[:12]}",
        "language": "" if settings.language == "auto" else settings.language,
        "samples": str(settings.samples),
        "temperature": "none" if settings.temperature is None else f"{settings.temperature:g}",
        "max_tokens": settings.limit,
        "output": settings.output,
        "read": settings.read,
        "panel": settings.panel if len(names) > 1 else "",
        "orders": str(settings.orders) if settings.task == "rank" else "",
        "parser": PARSER,
        "v": VERSION,
    }
    name = f"llm-judge{_SUFFIX[settings.task]}{'-ref' if settings.reference else ''}"
    return "|".join([name, *(f"{key}:{_plain(value)}" for key, value in parts.items() if value)])


@hookimpl
def harness_metrics() -> list[MetricSpec]:
    helps: dict[Task, str] = {
        "direct": "a language model's rating of the output: llm-judge:MODEL,criterion=correctness",
        "pair": "which of two outputs a language model prefers, asked in both orders",
        "wins": "share of the other answers over which a language model prefers the output, each pair in both orders",
        "rank": "where a language model ranks the output among all answers, over several orders of showing",
    }
    return [_spec(task, with_reference, text) for task, text in helps.items() for with_reference in (False, True)]


def _spec(task: Task, with_reference: bool, text: str) -> MetricSpec:
    made = partial(build, task, with_reference)
    made.__doc__ = build.__doc__
    needs = (("reference",) if with_reference else ()) + (("peers",) if task in ("wins", "rank") else ())
    return MetricSpec(
        f"llm-judge{_SUFFIX[task]}{'-ref' if with_reference else ''}",
        build=made,
        version=VERSION,
        help=f"{text}; it sees the reference" if with_reference else text,
        extra="judge",
        argument="model",
        unit="pair" if task == "pair" else "output",
        needs=needs,
        cost="paid",
        batch_size=256 if task == "wins" else 1024,
        reads=judge_files,
    )


def _plain(value: str) -> str:
    return "".join(character if character.isprintable() and character != "|" else "_" for character in value)
