"""Outputs, segments and stage ids are the same wherever a generator is asked, and whatever was there before."""

from pathlib import Path

import pytest
from generated import asked, generate_into, make_questions, outputs_held, write_generator
from scored import killing_half_way, processes
from toy_jobs import is_alive

from harness.cache import Cache
from harness.errors import ExecutorError, PluginError
from harness.executors.auto import AutoExecutor
from harness.executors.processes import LocalExecutor
from harness.executors.protocols import Executor
from harness.executors.serial import SerialExecutor
from harness.plugins import load_plugins
from harness.protocols import GeneratorSpec
from harness.records import Output
from harness.registry import PluginRef
from harness.stages.generate_job import generating_job
from harness.stages.generators import build_generator
from harness.store import read_table

IDS = [example.id for example in make_questions(12)]


def at_once() -> AutoExecutor:
    """As `auto`, but that what is done here seems to take long."""
    return AutoExecutor(2, clock=iter(range(10**6)).__next__)


def texts(folder: Path) -> list[str | None]:
    return [output.text for output in read_table(folder / "outputs.parquet", Output) if output.sample in (0, None)]


@pytest.mark.parametrize("executor", [LocalExecutor(2), LocalExecutor(3), at_once()], ids=["two", "three", "auto"])
def test_the_run_folder_is_the_same_to_the_byte(tmp_path: Path, executor: Executor) -> None:
    questions, plugin, log = make_questions(30), write_generator(tmp_path), tmp_path / "log"
    generate_into(tmp_path / "serial", questions, [plugin], SerialExecutor(), log=str(log))
    assert not processes(log)
    generate_into(tmp_path / "other", questions, [plugin], executor, log=str(log))
    assert processes(log)
    assert outputs_held(tmp_path / "other") == outputs_held(tmp_path / "serial")
    assert len(outputs_held(tmp_path / "other")) == 2
    assert texts(tmp_path / "other")[-1] == "Säg 29. 0, beside 2 from e/028"


def test_a_worker_killed_half_way_loses_nothing(tmp_path: Path) -> None:
    questions, plugin, log = make_questions(60), write_generator(tmp_path), tmp_path / "log"
    params = {"seconds": 0.05, "log": str(log)}
    generate_into(tmp_path / "serial", questions, [plugin], SerialExecutor(), **params)
    log.unlink()
    kill, killed = killing_half_way(log)
    generate_into(tmp_path / "local", questions, [plugin], LocalExecutor(2), kill, **params)
    assert killed
    assert not any(map(is_alive, processes(log)))
    assert outputs_held(tmp_path / "local") == outputs_held(tmp_path / "serial")


@pytest.mark.parametrize(("first", "second"), [(SerialExecutor, LocalExecutor), (LocalExecutor, SerialExecutor)])
def test_what_one_executor_began_another_finishes(tmp_path: Path, first: type, second: type) -> None:
    questions, plugin, log = make_questions(40), write_generator(tmp_path), tmp_path / "log"
    make = {SerialExecutor: SerialExecutor, LocalExecutor: lambda: LocalExecutor(2)}
    generate_into(tmp_path / "whole", questions, [plugin], SerialExecutor(), log=str(log))

    def stop(label: str, done: int, total: int) -> None:
        if done >= 14:  # in the middle of a batch, where that is told
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_into(tmp_path / "run", questions, [plugin], make[first](), stop, log=str(log))
    log.unlink()
    generate_into(tmp_path / "run", questions, [plugin], make[second](), log=str(log))
    assert outputs_held(tmp_path / "run") == outputs_held(tmp_path / "whole")
    assert "e/011" not in {id for batch in asked(log) for id in batch}


def test_half_a_batch_on_disk_is_asked_again_as_a_whole(tmp_path: Path) -> None:
    questions, plugin, log = make_questions(12), write_generator(tmp_path), tmp_path / "log"
    generate_into(tmp_path / "run", questions, [plugin], SerialExecutor(), log=str(log))
    whole = (tmp_path / "run" / "outputs.parquet").read_bytes()
    [segment] = (tmp_path / "run" / "segments").rglob("*.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:6]) + lines[6][:20])  # as a kill leaves it: a batch, half of one, and a torn line
    log.unlink()
    generate_into(tmp_path / "run", questions, [plugin], SerialExecutor(), log=str(log))
    assert asked(log) == [IDS[4:8], IDS[8:]]
    assert (tmp_path / "run" / "outputs.parquet").read_bytes() == whole


def test_more_questions_leave_whole_batches_alone(tmp_path: Path) -> None:
    plugin, log = write_generator(tmp_path), tmp_path / "log"
    generate_into(tmp_path / "run", make_questions(10), [plugin], SerialExecutor(), log=str(log))
    log.unlink()
    generate_into(tmp_path / "run", make_questions(12), [plugin], SerialExecutor(), log=str(log))
    assert asked(log) == [IDS[8:]]
    generate_into(tmp_path / "fresh", make_questions(12), [plugin], SerialExecutor())
    assert texts(tmp_path / "run") == texts(tmp_path / "fresh")


def test_another_run_takes_whole_batches_from_the_cache(tmp_path: Path) -> None:
    plugin, log = write_generator(tmp_path), tmp_path / "log"
    with Cache(tmp_path / "cache") as cache:
        kept = {"cache": cache, "signed": True}
        generate_into(tmp_path / "one", make_questions(10), [plugin], SerialExecutor(), **kept)  # type: ignore[arg-type]
        generate_into(tmp_path / "two", make_questions(12), [plugin], SerialExecutor(), log=str(log), **kept)  # type: ignore[arg-type]
    assert asked(log) == [IDS[8:]]


def test_what_failed_is_asked_again_on_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plugin, log = write_generator(tmp_path), tmp_path / "log"
    params = {"fails": "e/005", "log": str(log), "signed": True}
    with Cache(tmp_path / "cache") as cache:
        generate_into(tmp_path / "run", make_questions(12), [plugin], SerialExecutor(), cache=cache, **params)
        assert None in texts(tmp_path / "run")
        log.unlink()
        (tmp_path / "mended").touch()
        generate_into(tmp_path / "run", make_questions(12), [plugin], SerialExecutor(), cache=cache, **params)
        assert asked(log) == [["e/005"]]
        assert texts(tmp_path / "run")[5] == "Säg 5. 0, beside 1 from e/005"
        log.unlink()
        generate_into(tmp_path / "other", make_questions(12), [plugin], SerialExecutor(), cache=cache, **params)
    assert asked(log) == []
    assert texts(tmp_path / "other") == texts(tmp_path / "run")


@pytest.mark.parametrize("params", [{"size": None}, {"cost": "paid"}], ids=str)
def test_one_that_is_paid_or_says_no_size_is_asked_here_in_one_call(tmp_path: Path, params: dict[str, object]) -> None:
    plugin, log = write_generator(tmp_path), tmp_path / "log"
    generate_into(tmp_path / "run", make_questions(12), [plugin], LocalExecutor(2), log=str(log), **params)
    assert (asked(log), processes(log)) == ([IDS], set())


def test_a_batch_that_kills_its_workers_is_named_and_what_came_before_is_kept(tmp_path: Path) -> None:
    plugin, log = write_generator(tmp_path), tmp_path / "log"
    with pytest.raises(ExecutorError, match=r"^s: 2 workers died on the batch that begins with example 'e/008'"):
        generate_into(tmp_path / "run", make_questions(24), [plugin], LocalExecutor(2), log=str(log), dies="e/010")
    [segment] = (tmp_path / "run" / "segments").rglob("*.jsonl")
    assert segment.read_bytes().count(b"\n") == 8


def test_a_plugin_file_that_changed_since_it_was_loaded_is_refused(tmp_path: Path) -> None:
    plugin = write_generator(tmp_path)
    built = build_generator(load_plugins([plugin]), PluginRef("beside", {"signed": True}))
    plugin.write_text(plugin.read_text().replace("v:1", "v:2"))
    job = generating_job(built, "s", lambda number: None)
    with LocalExecutor(1) as executor, pytest.raises(PluginError) as error:
        list(executor.map(job, [make_questions(2)]))
    assert "generator 'beside:signed=true': the worker on" in str(error.value)
    assert "the generator's signature is 'beside|v:1' here and 'beside|v:2' there" in str(error.value)


def test_an_edited_plugin_file_is_another_stage(tmp_path: Path) -> None:
    plugin = write_generator(tmp_path)
    generate_into(tmp_path / "run", make_questions(4), [plugin], SerialExecutor())
    plugin.write_text(plugin.read_text().replace(", beside", ", together with"))
    generate_into(tmp_path / "run", make_questions(4), [plugin], SerialExecutor())
    assert texts(tmp_path / "run")[0] == "Säg 0. 0, together with 4 from e/000"


def test_a_worker_computes_with_as_many_threads(tmp_path: Path) -> None:
    built = build_generator(load_plugins([write_generator(tmp_path)]), PluginRef("beside", {"threads": 3}))
    job = generating_job(built, "s", lambda number: None)
    assert job.threads == 3
    assert job.recipe is not None
    built.generator.threads = 5  # type: ignore[attr-defined]  # this process's own changes later
    worker = job.recipe.open()
    assert worker._built.generator.threads == 3  # type: ignore[attr-defined]  # a GeneratorWorker


def test_a_batch_has_one_example_at_least() -> None:
    with pytest.raises(ValueError, match="echo: batch_size must be at least 1, or None, got 0"):
        GeneratorSpec("echo", build=object, batch_size=0)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"size": 0}, "has batch_size 0; it is to be a whole number from 1 on, or None"),
        ({"size": "4"}, "has batch_size '4'"),
        ({"threads": "two"}, "has threads 'two'"),
        ({"cost": "free"}, "has cost 'free'; it is to be one of cpu, gpu, paid"),
    ],
)
def test_what_a_generator_says_of_itself_is_refused_where_it_cannot_be_meant(
    tmp_path: Path, params: dict[str, object], told: str
) -> None:
    registry = load_plugins([str(write_generator(tmp_path))])
    with pytest.raises(PluginError, match=f"generator 'beside' {told}"):
        build_generator(registry, PluginRef("beside", params))
