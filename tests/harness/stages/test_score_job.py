"""Scores, segments and stage ids are the same wherever a metric is asked, and a worker that would differ is refused."""

import os
from pathlib import Path

import pytest
from scored import held, killing_half_way, make_data, processes, score_into, write_plugin
from toy_jobs import is_alive

from harness.errors import PluginError
from harness.executors.processes import LocalExecutor
from harness.executors.serial import SerialExecutor
from harness.plugins import ENVIRONMENT, load_plugins
from harness.registry import PluginRef
from harness.stages.metrics import build_metrics
from harness.stages.score_job import scoring_job


def test_the_run_folder_is_the_same_to_the_byte(tmp_path: Path) -> None:
    data, plugin = make_data(30), write_plugin(tmp_path)
    score_into(tmp_path / "serial", data, plugin, SerialExecutor(), fails=13)
    counts = score_into(tmp_path / "local", data, plugin, LocalExecutor(2), fails=13)
    assert held(tmp_path / "local") == held(tmp_path / "serial")
    assert len(held(tmp_path / "local")) == 2
    assert (counts["units_scored"], counts["units_failed"]) == (30, 1)


def test_a_worker_killed_half_way_loses_nothing(tmp_path: Path) -> None:
    data, plugin, log = make_data(80), write_plugin(tmp_path), tmp_path / "log"
    params = {"seconds": 0.02, "log": str(log)}
    score_into(tmp_path / "serial", data, plugin, SerialExecutor(), **params)
    log.unlink()
    kill, killed = killing_half_way(log)
    counts = score_into(tmp_path / "local", data, plugin, LocalExecutor(2), kill, **params)
    assert killed
    assert not any(map(is_alive, processes(log)))
    assert held(tmp_path / "local") == held(tmp_path / "serial")
    assert counts["units_scored"] == 80


def test_a_run_begun_here_is_finished_by_processes_and_the_other_way_round(tmp_path: Path) -> None:
    data, plugin = make_data(40), write_plugin(tmp_path)
    score_into(tmp_path / "whole", data, plugin, SerialExecutor())

    def stop(label: str, done: int, total: int) -> None:
        if done >= 12:
            raise KeyboardInterrupt

    for first, second in ((SerialExecutor(), LocalExecutor(2)), (LocalExecutor(2), SerialExecutor())):
        folder = tmp_path / type(first).__name__
        with pytest.raises(KeyboardInterrupt):
            score_into(folder, data, plugin, first, stop)
        counts = score_into(folder, data, plugin, second)
        assert (counts["units_reused"], counts["units_scored"]) == (12, 28)
        assert held(folder) == held(tmp_path / "whole")


def test_a_plugin_file_that_the_environment_names_reaches_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = write_plugin(tmp_path)
    monkeypatch.setenv(ENVIRONMENT, str(plugin))
    [metric] = build_metrics(load_plugins(), [PluginRef("slow")])
    data = make_data(5)
    job = scoring_job(metric, data.examples)
    with LocalExecutor(1) as executor:
        units = [[unit_of(data, i) for i in range(5)]]
        [answers] = executor.map(job, units)
    assert answers.values.tolist() == [[5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7]]  # instructions of 1 to 5 letters, longer than 0 to 4


def test_a_plugin_file_that_changed_since_it_was_loaded_is_refused(tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path)
    [metric] = build_metrics(load_plugins([plugin]), [PluginRef("slow")])
    plugin.write_text(plugin.read_text().replace("v:1", "v:2"))
    data = make_data(2)
    with LocalExecutor(1) as executor, pytest.raises(PluginError) as error:
        list(executor.map(scoring_job(metric, data.examples), [[unit_of(data, 0)]]))
    assert "metric 'slow': the worker on" in str(error.value)
    assert "the metric's signature is 'slow|v:1' here and 'slow|v:2' there" in str(error.value)
    assert "the plugin file's sha256 is" in str(error.value)


def test_a_metric_given_as_an_object_is_asked_here() -> None:
    import harness

    class Length:
        signature = "length|v:1"

        def score(self, units: object) -> list[float]:
            return [float(os.getpid()) for _ in units]  # type: ignore[attr-defined]  # a sequence

    from harness.api import _metrics

    [metric] = _metrics(load_plugins(), [Length()])
    assert scoring_job(metric, ()).recipe is None
    assert {score.value for score in harness.score(make_data(3), Length())} == {float(os.getpid())}


def unit_of(data: object, place: int) -> object:
    from harness.protocols import Unit

    return Unit(data.examples[place], (data.outputs[place],))  # type: ignore[attr-defined]  # a JudgmentSet
