"""On a Ray cluster of several nodes the run folder is the same to the byte, whoever is lost on the way."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from generated import asked, generate_into, make_questions, outputs_held, write_generator
from scored import held, make_data, processes, score_into, write_plugin
from toy_generation import generate, make_examples
from toy_jobs import RAISE, batches, doubled, doubling, is_alive, until_it_raises, wait_until

from harness import Output
from harness.cli.main import harness
from harness.errors import ExecutorError, MissingExtra, PluginError
from harness.executors import ray_cluster
from harness.executors.ray_cluster import RayExecutor
from harness.executors.serial import SerialExecutor
from harness.records import to_json
from harness.segments import Segments

SUPPORT = Path(__file__).resolve().parents[2] / "support"
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three simulated nodes of one CPU each."""
    pytest.importorskip("ray", reason="needs Ray: pip install 'metaeval-harness[distributed]'")
    environment = pytest.MonkeyPatch()
    environment.setenv("PYTHONPATH", str(SUPPORT))  # the toy jobs are installed on the nodes, so to say
    environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    for _ in range(2):
        made.add_node(**NODE)
    yield made
    made.shutdown()
    environment.undo()


@pytest.mark.slow
def test_a_node_and_a_worker_are_lost_half_way_and_nothing_else_is(cluster: Any, tmp_path: Path) -> None:
    data, plugin, log = make_data(320), write_plugin(tmp_path), tmp_path / "log"
    params = {"seconds": 0.1, "log": str(log), "fails": 7}
    score_into(tmp_path / "serial", data, plugin, SerialExecutor(), **params)
    log.unlink()
    lost: dict[str, Any] = {}
    asked: set[int] = set()  # the processes that had been asked when one of them was killed

    def lose(label: str, done: int, total: int) -> None:
        everywhere = len(processes(log)) == 3  # an actor on every node; on a busy machine one may begin late
        if done >= total // 4 and "worker" not in lost and (everywhere or done >= total * 3 // 4):
            plugin.rename(tmp_path / "gone.py")  # from here on the plugin is where its content was sent
            asked.update(processes(log))
            lost["worker"] = min(asked)
            os.kill(lost["worker"], signal.SIGKILL)
        if "worker" in lost and not set(processes(log)) - asked:
            time.sleep(1)  # whoever takes the place begins while there is work left, however busy the machine is
        if done >= total // 2 and "worker" in lost and "node" not in lost:
            lost["node"] = cluster.list_all_nodes()[-1]
            cluster.remove_node(lost["node"], allow_graceful=False)

    counts = score_into(tmp_path / "ray", data, plugin, RayExecutor(address=cluster.address), lose, **params)
    assert set(lost) == {"worker", "node"}
    assert held(tmp_path / "ray") == held(tmp_path / "serial")
    assert (counts["units_scored"], counts["units_failed"]) == (320, 1)
    assert set(processes(log)) - asked  # the one that took the killed one's place was asked, too
    assert wait_until(lambda: not any(map(is_alive, processes(log))))
    cluster.add_node(**NODE)


@pytest.mark.slow
def test_answers_errors_and_the_next_job_are_as_in_this_process(cluster: Any) -> None:
    with RayExecutor(workers=2, address=cluster.address) as executor:
        some = batches(30)
        assert list(executor.map(doubling(), some)) == doubled(some)
        some[4] = [RAISE]
        taken, error = until_it_raises(executor.map(doubling(), some))
        assert (taken, type(error), str(error)) == (doubled(some[:4]), ValueError, "no good: [-3]")
        with pytest.raises(RuntimeError, match="cannot be made here"):
            list(executor.map(doubling(fails="raise"), some))
        assert list(executor.map(doubling(), batches(9))) == doubled(batches(9))


@pytest.mark.slow
def test_a_generator_plugin_runs_and_resumes(cluster: Any, tmp_path: Path) -> None:
    examples = make_examples(22)
    with RayExecutor(address=cluster.address) as executor:
        running = generate(examples, tmp_path / "stage", executor)
        next(running)
        running.close()
        rest = [output for outputs in generate(examples, tmp_path / "stage", executor) for output in outputs]
    assert len(rest) == 18
    assert [output.text for output in Segments(tmp_path / "stage").read(Output)] == [f"Säg {i}." for i in range(22)]


@pytest.mark.slow
def test_a_generators_node_is_lost_half_way_and_the_table_is_the_same(cluster: Any, tmp_path: Path) -> None:
    questions, plugin, log = make_questions(240), write_generator(tmp_path), tmp_path / "log"
    params = {"seconds": 0.1, "log": str(log)}
    generate_into(tmp_path / "serial", questions, [plugin], SerialExecutor(), **params)
    log.unlink()
    lost: list[Any] = []

    def lose(label: str, done: int, total: int) -> None:
        everywhere = len(processes(log)) == 3  # an actor on every node; on a busy machine one may begin late
        if not lost and done >= total // 3 and (everywhere or done >= total * 3 // 4):
            plugin.rename(tmp_path / "gone.py")  # from here on the plugin is where its content was sent
            lost.append(cluster.list_all_nodes()[-1])
            cluster.remove_node(lost[0], allow_graceful=False)

    generate_into(tmp_path / "ray", questions, [plugin], RayExecutor(address=cluster.address), lose, **params)
    assert lost
    assert outputs_held(tmp_path / "ray") == outputs_held(tmp_path / "serial")
    assert {batch[0] for batch in asked(log)} == {example.id for example in questions[::4]}
    assert wait_until(lambda: not any(map(is_alive, processes(log))))
    cluster.add_node(**NODE)


@pytest.mark.slow
def test_a_batch_that_kills_three_workers_is_named_by_its_first_example(cluster: Any, tmp_path: Path) -> None:
    plugin, log = write_generator(tmp_path), tmp_path / "log"
    params = {"log": str(log), "dies": "e/010"}
    with pytest.raises(ExecutorError, match=r"^s: 3 workers died on the batch that begins with example 'e/008'"):
        generate_into(tmp_path / "run", make_questions(24), [plugin], RayExecutor(address=cluster.address), **params)
    [segment] = (tmp_path / "run" / "segments").rglob("*.jsonl")
    assert segment.read_bytes().count(b"\n") == 8


@pytest.mark.slow
def test_one_that_computes_with_more_threads_than_any_node_has_cpus_is_told_what_to_do(cluster: Any, tmp_path: Path) -> None:
    plugin = write_generator(tmp_path)
    with pytest.raises(ExecutorError, match=r"3 threads here, .* no node of .* more than 1 CPUs; set OMP_NUM_THREADS=1"):
        generate_into(tmp_path / "run", make_questions(8), [plugin], RayExecutor(address=cluster.address), threads=3)


CONFIG = """
examples: questions.jsonl
generate:
  systems:
    - {name: greedy, generator: {transformers: {model: tiny, device: cpu, max_new_tokens: 8, ahead: 4}}}
    - name: drawn
      generator: {transformers: {model: tiny, device: cpu, max_new_tokens: 8, ahead: 4, temperature: 1.0, samples: 2}}
score:
  metrics: [chrf]
compare:
  resamples: 200
output: %s
"""


@pytest.mark.slow
def test_a_model_answers_and_a_metric_scores_on_the_cluster_as_in_one_process(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch", reason="needs metaeval-harness[judge-transformers]")
    pytest.importorskip("transformers", reason="needs metaeval-harness[judge-transformers]")
    from tiny_models import tiny_llama

    monkeypatch.chdir(tmp_path)  # the model's path is a relative one
    tiny_llama(tmp_path / "tiny")
    (tmp_path / "questions.jsonl").write_bytes(b"".join(to_json(one) + b"\n" for one in make_questions(30)))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a node has one CPU
    try:
        for name, options in (("serial", ["--executor", "serial"]), ("ray", ["--ray-address", cluster.address])):
            monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / f"cache-{name}"))  # what one asked the other asks again
            (tmp_path / f"{name}.yaml").write_text(CONFIG % name)
            for command in ("generate", "run"):
                result = CliRunner().invoke(harness, [command, f"{name}.yaml", *options])
                assert result.exit_code == 0, (result.output, result.exception)
    finally:
        torch.set_num_threads(threads)
    assert outputs_held(Path("ray")) == outputs_held(Path("serial"))
    assert Path("ray/scores.parquet").read_bytes() == Path("serial/scores.parquet").read_bytes()
    assert len(outputs_held(Path("ray"))) == 4  # the table, and segments of two generators and a metric


@pytest.mark.slow
def test_a_node_with_other_code_is_refused(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "code_of", lambda names: dict.fromkeys(names, "9.9.9 (another)"))
    with RayExecutor(workers=1, address=cluster.address) as executor, pytest.raises(PluginError) as error:
        list(executor.map(doubling(), batches(3)))
    assert "double: the worker on " in str(error.value)
    assert "harness is '9.9.9 (another)' here and '0." in str(error.value)


@pytest.mark.slow
def test_a_node_without_the_package_is_told_what_it_needs(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only_here.py").write_text("from harness.executors.ray_cluster import RayBench\nclass Bench(RayBench): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from only_here import Bench  # type: ignore[import-not-found]  # made by this test

    monkeypatch.setattr(ray_cluster, "RayBench", Bench)
    with RayExecutor(workers=1, address=cluster.address) as executor, pytest.raises(ExecutorError) as error:
        list(executor.map(doubling(), batches(3)))
    assert str(error.value).startswith("double: a worker of the Ray cluster cannot begin: ModuleNotFoundError: No module named")
    assert "Every node needs the same version of Python, of this package and of the packages that plugins come from" in str(
        error.value
    )


def test_jobs_that_cost_money_are_done_here_without_a_cluster() -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'metaeval-harness[distributed]'")
    with RayExecutor(address="nowhere:1") as executor:
        assert list(executor.map(doubling(cost="paid"), batches(9))) == doubled(batches(9))
        assert list(executor.map(doubling(), [])) == []


def test_a_cluster_that_is_not_there_is_said() -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'metaeval-harness[distributed]'")
    with (
        RayExecutor(address="127.0.0.1:1") as executor,
        pytest.raises(ExecutorError, match=r"no Ray cluster at '127\.0\.0\.1:1'"),
    ):
        list(executor.map(doubling(), batches(3)))


def test_without_ray_the_line_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install 'metaeval-harness\[distributed\]'"), RayExecutor():
        pass
