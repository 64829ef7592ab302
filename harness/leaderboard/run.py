"""Runs a leaderboard: every model does every task through lm-eval; what is done is left alone, and a failure stops nothing else.

```
<run>/results/<model>/results_<task>.json  samples_<task>.jsonl     lm-eval's format
<run>/results/<model>/failed_<task>.json                            why there is no result
<run>/columns.json                                                  what other metrics say of the answers
<run>/segments/…                                                    replies, as they arrive
```
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from harness.cache import Cache, cache_key
from harness.errors import HarnessError, PluginError
from harness.leaderboard.asking import KeptModel
from harness.leaderboard.check import check_leaderboard
from harness.leaderboard.config import BoardModel, LeaderboardConfig, Price
from harness.leaderboard.generator_lm import needs_greedy
from harness.leaderboard.kept_columns import keep_columns
from harness.leaderboard.models import ReadyModel, ready_model
from harness.leaderboard.replies import Replies, summed
from harness.leaderboard.results import read_results
from harness.leaderboard.surroundings import SEED, quiet_lm_eval, seed_all, told, version_of
from harness.leaderboard.task_data import lacking_data
from harness.leaderboard.tasks import ChosenTask, Tasks, find_tasks
from harness.leaderboard.writing import drop_result, folder_of, own_of, own_part, write_failure, write_result
from harness.registry import Registry
from harness.store import Run, stage_id

VERSION = "1"  # of what results are made of beside the task and the model
DONE, TO_DO = "done", "to do"  # of a result that is there, and one that is not yet
Report = Callable[[str, int, int], None]


class Failure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that has no result on a task, and why."""

    model: str
    task: str
    error: str


class Summary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run did: results that were made now, that were there already, and that could not be had."""

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    done: int
    reused: int
    failures: tuple[Failure, ...]


def run_leaderboard(run: Run, config: LeaderboardConfig, registry: Registry, report: Report, *, cache: Cache) -> Summary:
    """Every result that is not there yet. Raises HarnessError for a config that cannot be used, before any model is asked."""
    config = check_leaderboard(config, registry)
    with quiet_lm_eval():
        tasks = find_tasks(config, cache)
        counts = {"done": 0, "reused": 0}
        failures: list[Failure] = []
        for model in config.models:
            failures += _do_tasks(run, config, model, tasks, registry, report, cache, counts)
    if config.metrics and any(counts.values()):
        try:
            keep_columns(run.folder, read_results(run.folder), registry, config.metrics, progress=report)
        except HarnessError as error:  # the results are there, and a board of them can be had
            run.note(f"other metrics: {error}")
            failures.append(Failure(model="all models", task=", ".join(map(str, config.metrics)), error=str(error)))
    return Summary(
        models=tuple(model.name for model in config.models),
        tasks=tuple(task.name for task in tasks.chosen),
        failures=tuple(failures),
        **counts,
    )


def state_of(config: LeaderboardConfig, run_folder: Any, registry: Registry, cache: Cache) -> list[tuple[str, ChosenTask, str]]:
    """(model, task, "done", "to do" or what is wrong with the model or the task's data) for each pair; nothing is loaded and
    nobody is asked.

    Raises what `run_leaderboard` raises for a config that cannot be used.
    """
    check_leaderboard(config, registry)
    found: list[tuple[str, ChosenTask, str]] = []
    with quiet_lm_eval():
        tasks = find_tasks(config, cache)
        for model in config.models:
            try:
                ready = ready_model(model, config, registry, cache)
            except HarnessError as error:
                found += [(model.name, task, str(error)) for task in tasks.chosen]
                continue
            for task in tasks.chosen:
                there = own_part(folder_of(run_folder, model.name), task.name)
                done = there is not None and there.get("signature") == _signature(ready, task, config)
                lacking = None if done else lacking_data(tasks.manager.task_index[task.name].cfg)
                found.append((model.name, task, DONE if done else lacking or TO_DO))
    return found


def _do_tasks(
    run: Run,
    config: LeaderboardConfig,
    model: BoardModel,
    tasks: Tasks,
    registry: Registry,
    report: Report,
    cache: Cache,
    counts: dict[str, int],
) -> Iterator[Failure]:
    """Has one model do the tasks that it has not done; yields what failed."""
    folder = folder_of(run.folder, model.name)

    def failed(task: ChosenTask, error: BaseException) -> Failure:
        text = told(error)
        write_failure(folder, task.name, model.name, text, time.time())
        run.note(f"{model.name} on {task.name}: {text}")
        report(f"{model.name} · {task.name}: failed", 1, 1)
        return Failure(model=model.name, task=task.name, error=text)

    try:
        ready = ready_model(model, config, registry, cache)
        segments = run.segments(stage_id([], {"model": ready.signature}, VERSION))
        kept = KeptModel(model.name, ready.signature, ready.open, Replies(segments, cache if ready.pinned else None))
    except Exception as error:  # one model that cannot be had must not stop the others; whatever it raises is told
        yield from (failed(task, error) for task in tasks.chosen)
        return
    for task in tasks.chosen:
        signature = _signature(ready, task, config)
        there = own_part(folder, task.name)
        if there is not None and there.get("signature") == signature:
            counts["reused"] += 1
            report(f"{model.name} · {task.name}: there already", 1, 1)
            continue
        drop_result(folder, task.name)  # of another model, task or limit: a board must not show it if this one fails
        try:
            _do(folder, config, model, ready, kept, tasks, task, signature, report)
        except Exception as error:  # as above: a stranger's task or model may raise anything
            yield failed(task, error)
            continue
        counts["done"] += 1
    kept.close()


def _do(
    folder: Any,
    config: LeaderboardConfig,
    model: BoardModel,
    ready: ReadyModel,
    kept: KeptModel,
    tasks: Tasks,
    task: ChosenTask,
    signature: str,
    report: Report,
) -> None:
    """One model on one task, to files."""
    from lm_eval.evaluator import evaluate

    loaded = tasks.load(task, config.seed)
    if not ready.tells_greedy and needs_greedy(loaded):
        raise PluginError(
            "a metric asks what greedy decoding gives, which this generator does not tell; open the model with `lm_eval`"
        )
    kept.used = []
    kept.report = lambda done, total: report(f"{model.name} · {task.name}", done, total)
    seed_all()
    begun = time.time()
    found: Any = evaluate(
        lm=kept,  # type: ignore[arg-type]  # an LM in all but its class, which would import lm_eval with this module
        task_dict={"tasks": {task.name: loaded}, "groups": {}, "group_map": {}},
        limit=task.limit,
        bootstrap_iters=_resamples(loaded),
        log_samples=True,
        apply_chat_template=config.chat,
        fewshot_as_multiturn=config.chat,
    )
    samples = found.pop("samples")[task.name]
    spent = summed(kept.used)
    info = _with_parameters(ready, kept)
    results = {
        **found,
        "config": {
            "model": model.plugin.name,
            "model_args": info.arguments,
            "model_num_parameters": info.parameters,
            "limit": task.limit,
            "bootstrap_iters": _resamples(loaded),
            "random_seed": 0,
            "numpy_seed": SEED,
            "torch_seed": SEED,
            "fewshot_seed": config.seed,
        },
        "date": begun,
        "lm_eval_version": version_of("lm_eval"),
        "transformers_version": version_of("transformers"),
        "model_source": model.plugin.name,
        "model_name": model.name,
        "model_name_sanitized": model.name,
        **_chat(kept, config),
        "total_evaluation_time_seconds": str(spent["seconds"]),
        "harness": own_of(info, signature, spent, _cost(model.price, spent), _notes(kept)),
    }
    write_result(folder, task.name, results, samples)


def _notes(kept: KeptModel) -> tuple[str, ...]:
    cut = sum(reply.cut for reply in kept.used)
    if not cut:
        return ()
    return (f"{cut:,} of {len(kept.used):,} prompts were longer than the model reads, and lost their beginning",)


def _chat(kept: KeptModel, config: LeaderboardConfig) -> dict[str, Any]:
    """What lm-eval says of the template that prompts were put into."""
    from lm_eval.utils import hash_string

    text = (kept.opened.chat_template(True) or None) if config.chat else None
    return {
        "chat_template": text,
        "chat_template_sha": None if text is None else hash_string(text),
        "fewshot_as_multiturn": config.chat,
    }


def _signature(ready: ReadyModel, task: ChosenTask, config: LeaderboardConfig) -> str:
    """Changes with whatever the result depends on: model, task files, how many items and examples, the prompt's form."""
    settings = {"limit": task.limit, "shots": task.shots, "chat": config.chat, "seed": config.seed}
    return cache_key(model=ready.signature, task=task.digest, settings=settings, lm_eval=version_of("lm_eval"), v=VERSION)


def _with_parameters(ready: ReadyModel, kept: KeptModel) -> Any:
    """The model's record, with its number of weights where only the opened model tells it."""
    if ready.info.parameters is not None or not kept.is_open:
        return ready.info
    inner = getattr(kept.opened, "model", None)
    count = inner.num_parameters() if inner is not None and hasattr(inner, "num_parameters") else None
    return msgspec.structs.replace(ready.info, parameters=count)


def _resamples(task: Any) -> int:
    """How often lm-eval resamples for standard errors: not at all where its own way takes minutes (BLEU, chrF); the board
    computes intervals anyway, and a mean's standard error needs none."""
    names = {getattr(function, "__name__", "") for function in task.aggregation().values()}
    return 100_000 if names <= {"mean"} else 0


def _cost(price: Price | None, spent: dict[str, Any]) -> float | None:
    """US dollars: what the replies say that they cost, else by the model's price; None where neither is known."""
    if price is None:
        return spent["usd"]
    if (price.input or price.output) and (spent["tokens_in"] is None or spent["tokens_out"] is None):
        return None
    tokens = price.input * (spent["tokens_in"] or 0) + price.output * (spent["tokens_out"] or 0)
    return tokens / 1e6 + price.hour * spent["seconds"] / 3600
