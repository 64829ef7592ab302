"""A run folder says what ran, is written by one process at a time, and goes on where it stopped."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harness.build.rows import SetAside
from harness.errors import InputError
from harness.pipeline.records import Comparison
from harness.records import Example, Judgment, Manifest, MetaRow, Output, Preference, Score, Span
from harness.store import TABLES, Run, arrow_table, read_manifest, stage_id, table_path
from harness.verdicts import Verdict

CONFIG = {"name": "första", "metrics": ["chrf"], "output": Path("runs/x")}


def open_run(folder: Path, **config: object) -> Run:
    return Run.open(folder, config=config or CONFIG, command=["harness", "run", "x.yaml"])


def score(target: str, value: float | None = 1.0, metric: str = "chrf|v:1") -> Score:
    return Score(targets=(target,), metric=metric, value=value, status="ok" if value is not None else "error")


def test_the_manifest_says_running_until_the_run_is_done(tmp_path: Path) -> None:
    with open_run(tmp_path / "r") as run:
        assert read_manifest(run.folder).status == "running"
        run.count("units_scored", 3)
        run.count("units_scored", 2)
        run.finish("done", signatures={"chrf": "chrf|v:1"}, seeds={"bootstrap": 7}, counts={"rows": 1}, notes=["få rader"])
    manifest = read_manifest(tmp_path / "r")
    assert manifest.status == "done"
    assert manifest.command == ("harness", "run", "x.yaml")
    assert manifest.config == {"name": "första", "metrics": ["chrf"], "output": "runs/x"}
    assert manifest.signatures == {"chrf": "chrf|v:1"}
    assert manifest.seeds == {"bootstrap": 7}
    assert manifest.counts == {"units_scored": 5, "rows": 1}
    assert manifest.notes == ("få rader",)
    assert manifest.versions["python"] == sys.version.split()[0]
    assert manifest.times["seconds"] >= 0


def test_leaving_a_run_without_a_word_means_done_and_an_exception_means_failed(tmp_path: Path) -> None:
    with open_run(tmp_path / "a"):
        pass
    assert read_manifest(tmp_path / "a").status == "done"
    with pytest.raises(KeyboardInterrupt), open_run(tmp_path / "b"):
        raise KeyboardInterrupt
    manifest = read_manifest(tmp_path / "b")
    assert (manifest.status, manifest.notes) == ("failed", ("stopped by KeyboardInterrupt",))
    with open_run(tmp_path / "b") as run:
        assert run.notes == []
    run = open_run(tmp_path / "c")
    run.finish("done", notes=["2 units failed"])
    with pytest.raises(SystemExit), run:
        raise SystemExit(3)
    assert (read_manifest(tmp_path / "c").status, read_manifest(tmp_path / "c").notes) == ("done", ("2 units failed",))


def test_the_config_lies_beside_the_manifest_as_yaml(tmp_path: Path) -> None:
    open_run(tmp_path / "r").close()
    text = (tmp_path / "r" / "config.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == {"name": "första", "metrics": ["chrf"], "output": "runs/x"}
    assert text.startswith("name: första\n")


HOLD = """
import sys, time
from harness.store import Run
run = Run.open(sys.argv[1], config={}, command=["holder"])
run.note("halfway")
print("open", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_with_the_first_ones_pid_until_that_is_gone(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "r")], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(InputError, match=f"process {holder.pid} on .* is writing this run"):
            open_run(tmp_path / "r")
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    assert read_manifest(tmp_path / "r").status == "running"
    with open_run(tmp_path / "r") as run:
        assert run.notes == ["halfway"]  # what a killed session noted still holds
        with pytest.raises(InputError, match=f"process {os.getpid()} "):
            open_run(tmp_path / "r")
    with open_run(tmp_path / "r") as run:
        assert run.notes == []  # a run that was done begins anew


def test_segments_of_an_earlier_session_are_there_whatever_the_config_is_now(tmp_path: Path) -> None:
    with open_run(tmp_path / "r", metrics=["chrf"]) as run:
        run.segments("abc").append([score("o1")])
    with open_run(tmp_path / "r", metrics=["chrf", "bleu"]) as run:
        assert list(run.segments("abc").read(Score)) == [score("o1")]
        assert list(run.segments("def").read(Score)) == []
    assert read_manifest(tmp_path / "r").config == {"metrics": ["chrf", "bleu"]}


def test_a_torn_segment_is_told_in_the_manifest(tmp_path: Path) -> None:
    with open_run(tmp_path / "r") as run:
        run.segments("abc").append([score("o1")])
    with (tmp_path / "r" / "segments" / "abc" / "main-0.jsonl").open("ab") as file:
        file.write(b'{"targ')
    with open_run(tmp_path / "r") as run:
        assert list(run.segments("abc").read(Score)) == [score("o1")]
    [note] = read_manifest(tmp_path / "r").notes
    assert "main-0.jsonl: the last line was torn (6 bytes" in note


def test_finished_tables_lie_in_key_order_and_are_read_as_records_or_arrow(tmp_path: Path) -> None:
    records = [score("o2", None), score("o1", 0.1, "rouge-l|v:1"), score("o1", 0.5)]
    with open_run(tmp_path / "r") as run:
        assert not run.has_table("scores")
        assert run.write_table("scores", records, Score) == 3
        assert run.has_table("scores")
        assert list(run.read_table("scores")) == [records[2], records[0], records[1]]
        assert arrow_table(table_path(run.folder, "scores")).column("value").to_pylist() == [0.5, None, 0.1]
    assert read_manifest(tmp_path / "r").counts == {"scores": 3}


ONE_OF_EACH = {
    "examples": [Example(id=name, kind="chat", language="sv") for name in ("b", "a")],
    "outputs": [Output(id=f"{e}-{s}", example_id=e, system=s) for e, s in (("b", "x"), ("a", "y"), ("a", "x"))],
    "scores": [Score(targets=("o",), metric="m", component=name, value=1.0) for name in ("recall", "f1", None)],
    "judgments": [
        Judgment(output_id="o", rater="r", criterion="c", value=1.0, span=span)
        for span in (Span(start=3, end=4), Span(start=1, end=2), None)
    ],
    "preferences": [Preference(output_a=a, output_b="z", rater="r", criterion="c", winner="a") for a in ("o2", "o1")],
    "verdicts": [
        Verdict(metric="m", targets=("o",), form="direct", judge="j", criterion=name, key=key, status="unparsed")
        for name, key in (("b", "1"), ("a", "2"), ("a", "1"), (None, "3"))
    ],
    "removed": [
        SetAside(id=name, stage=stage, reason=reason)
        for name, stage, reason in (("b", "language", "x"), ("a", "language", "x"), ("c", "filter", "z"), ("c", "filter", "y"))
    ],
    "meta": [MetaRow(judgments="j", metric=metric, statistic="accuracy", value=0.5) for metric in ("b", "a", None)],
    "comparisons": [
        Comparison(metric="m", system="s", against=against, statistic=statistic, slice=slice, value=0.5)
        for against, statistic, slice in (("t", "mean", "form=long"), ("t", "difference", "all"), (None, "mean", "all"))
    ],
}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_key_that_orders_its_records(tmp_path: Path, name: str) -> None:
    with open_run(tmp_path / "r") as run:
        run.write_table(name, ONE_OF_EACH[name])
        assert list(run.read_table(name)) == ONE_OF_EACH[name][::-1]


def test_a_table_that_is_none_and_records_of_another_kind_are_refused(tmp_path: Path) -> None:
    with open_run(tmp_path / "r") as run:
        with pytest.raises(InputError, match=r"there is no table 'score'\. Did you mean 'scores'"):
            run.read_table("score")
        with pytest.raises(InputError, match="table 'scores' holds Score"):
            run.write_table("scores", [], Output)


def test_a_lock_file_of_another_program_makes_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    (tmp_path / "config.yaml").write_text("begun")
    open_run(tmp_path).close()  # a run that was killed before its manifest was written
    other = tmp_path / "other"
    other.mkdir()
    (other / ".lock").touch()
    (other / "config.yaml").write_text("precious")
    (other / "main.py").touch()
    with pytest.raises(InputError, match="holds files and is not a run folder"):
        open_run(other)
    assert (other / "config.yaml").read_text() == "precious"


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="holds files and is not a run folder"):
        open_run(tmp_path)
    with pytest.raises(InputError, match="is a file; a run needs a folder"):
        open_run(tmp_path / "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_damaged_manifest_is_named_and_an_absent_one_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a run folder: there is no .*manifest\.json"):
        read_manifest(tmp_path)
    open_run(tmp_path / "r").close()
    path = tmp_path / "r" / "manifest.json"
    path.write_text('{"command": ["x"], "status": "finished", "config": {}}')
    with pytest.raises(InputError, match=r"manifest\.json: not a manifest of this version \(Invalid enum value 'finished'"):
        open_run(tmp_path / "r")
    path.write_text(json.dumps({"command": ["x"], "status": "done", "config": {}}))
    assert read_manifest(tmp_path / "r") == Manifest(command=("x",), status="done", config={})
    open_run(tmp_path / "r").close()  # the refused attempt gave the lock back


def test_a_stage_is_named_by_its_inputs_its_config_section_and_its_plugins_version() -> None:
    name = stage_id(["d1", "d2"], {"metric": "chrf", "params": {"beta": 2, "eff": True}}, "1")
    content = b'{"inputs":["d1","d2"],"section":{"metric":"chrf","params":{"beta":2,"eff":true}},"version":"1"}'
    assert name == hashlib.sha256(content).hexdigest()[:16]
    assert name == stage_id(["d1", "d2"], {"params": {"eff": True, "beta": 2}, "metric": "chrf"}, "1")
    others = [
        stage_id(["d2", "d1"], {"metric": "chrf", "params": {"beta": 2, "eff": True}}, "1"),
        stage_id(["d1", "d2"], {"metric": "chrf", "params": {"beta": 3, "eff": True}}, "1"),
        stage_id(["d1", "d2"], {"metric": "chrf", "params": {"beta": 2, "eff": True}}, "2"),
    ]
    assert len({name, *others}) == 4


def test_importing_the_store_does_not_import_pyarrow() -> None:
    program = "import sys, harness.store; print([name for name in ('pyarrow', 'numpy', 'yaml') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_run_folder_belongs_to_one_judgment_set(tmp_path: Path) -> None:
    with Run.open(tmp_path / "run", config={"judgments": {"source": "one"}, "metrics": ["m"]}, command=("harness",)):
        pass
    with Run.open(tmp_path / "run", config={"judgments": {"source": "one"}, "metrics": ["m", "n"]}, command=("harness",)) as run:
        assert run.earlier is not None
        assert run.earlier.config["metrics"] == ["m"]
    before = (tmp_path / "run" / "manifest.json").read_bytes()
    with pytest.raises(InputError, match=r"other judgments \(source: one, not source: two\); give another output"):
        Run.open(tmp_path / "run", config={"judgments": {"source": "two"}, "metrics": ["m"]}, command=("harness",))
    assert (tmp_path / "run" / "manifest.json").read_bytes() == before
