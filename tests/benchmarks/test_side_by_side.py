"""Jobs beside their peers: what is compared, what is printed, what is kept."""

import json

import pytest
from benchmark_scripts import benchmark

side_by_side = benchmark("side_by_side")


def job(**changes):
    def equal(ours, peer):
        assert ours == peer
        return "equal"

    fields = {"name": "adding", "peer_name": "sum", "ours": lambda: 6, "peer": lambda: sum([1, 2, 3]), "equal": equal}
    return side_by_side.Job(**{**fields, "units": 3, "unit": "numbers", **changes})


def test_a_job_is_measured_in_rounds_with_its_ratio_between_the_extremes():
    found = side_by_side.measure(job(at_least=1e9), rounds=5)
    assert found.rounds == 5
    assert found.ratio_low <= found.ratio <= found.ratio_high
    assert found.equality == "equal"
    assert "NO" in side_by_side.line(found)  # nothing is a thousand million times as fast


def test_results_that_differ_stop_the_benchmark():
    with pytest.raises(AssertionError):
        side_by_side.measure(job(ours=lambda: 7), rounds=1)


def test_figures_are_kept_by_job_and_shown_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(side_by_side, "RESULTS", tmp_path)
    one = side_by_side.measure(job(), rounds=1)
    rows = [side_by_side.asdict(one)]
    side_by_side.write("sums", rows)
    path = side_by_side.write("sums", [{**rows[0], "job": "other", "ratio": 2.0}], [{"job": "memory", "value": "1.5 GB"}])
    kept = json.loads(path.read_text())
    assert [row["job"] for row in kept["jobs"]] == ["adding", "other"]
    page = side_by_side.page()
    assert "`python benchmarks/sums.py`" in page
    assert "| other | sum | **2** [" in page
    assert "| memory | 1.5 GB |" in page


def test_a_figure_is_asked_for_by_its_name_and_an_unknown_one_is_refused(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["sums.py", "--rounds", "1", *arguments])
        figures = {name: lambda name=name: [{"job": f"the {name}", "value": "1 s"}] for name in ("peak", "rest")}
        side_by_side.main([job()], "", "sums", figures)
        return capsys.readouterr().out

    assert run("--only", "peak") == "the peak: 1 s\n"
    assert [line.split(":")[0] for line in run().splitlines()] == ["adding", "the peak", "the rest"]
    with pytest.raises(SystemExit):
        run("--only", "peek")
    assert "no job's name holds peek; there are: adding; peak; rest" in capsys.readouterr().err
