"""`harness data` as a user types it: list, get and check, with results on stdout and advice in every refusal."""

import functools
import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import harness

PLUGIN = """
from harness import Example, Judgment, JudgmentInfo, JudgmentSourceSpec, Output, hookimpl
from harness.data import find_data
from harness.protocols import DataFiles

DATA = DataFiles(folder="demo-set", base_url="URL", files={"words.txt": "SHA"}, licence="CC0-1.0", source="https://example.org")


class Demo:
    info = JudgmentInfo(name="demo", version="7", criteria=("fluency",), primary_rater="anna", licence="CC0-1.0")

    def read(self):
        for number, word in enumerate((find_data(DATA, "demo") / "words.txt").read_text().split()):
            yield Example(id=f"demo/{number}", kind="instruction", language="sv")
            for system in ("a", "b"):
                yield Output(id=f"demo/{number}/{system}", example_id=f"demo/{number}", system=system, text=word + system)
                yield Judgment(output_id=f"demo/{number}/{system}", rater="anna", criterion="fluency", value=number + 1.0)


@hookimpl
def harness_judgment_sources():
    return [JudgmentSourceSpec("demo", build=Demo, version="7", help="a demonstration", data=DATA)]
"""
WORDS = b"hej d\xc3\xa5\n"
Harness = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    """Runs the command line with a plugin whose file a real server on the loopback holds."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "words.txt").write_bytes(WORDS)
    handler = functools.partial(Quiet, directory=str(tmp_path / "served"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    plugin = tmp_path / "demo_plugin.py"
    url = f"http://127.0.0.1:{server.server_port}"
    plugin.write_text(PLUGIN.replace("URL", url).replace("SHA", hashlib.sha256(WORDS).hexdigest()), encoding="utf-8")
    yield lambda *arguments: CliRunner().invoke(harness, ["--plugin", str(plugin), "data", *map(str, arguments)])
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and keeps the test's output clean."""

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


def test_list_shows_every_source_with_version_licence_presence_and_items(run: Harness) -> None:
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert {"contrast-sv", "gec-sv", "table", "demo"} <= set(rows)
    assert (rows["demo"]["version"], rows["demo"]["licence"], rows["demo"]["data"], rows["demo"]["items"]) == (
        "7",
        "CC0-1.0",
        "absent",
        None,
    )
    assert (rows["gec-sv"]["licence"], rows["gec-sv"]["data"], rows["gec-sv"]["items"]) == ("GPL-3.0", "absent", None)
    assert (rows["contrast-sv"]["data"], rows["contrast-sv"]["items"]) == ("built in", 266)
    assert (rows["table"]["data"], rows["table"]["items"]) == ("yours", None)
    run("get", "demo")
    lines = [line.split() for line in run("list").stdout.splitlines()]
    assert lines[0] == ["name", "version", "licence", "data", "items"]
    assert ["demo", "7", "CC0-1.0", "present", "2"] in lines


def test_get_prints_the_licence_and_where_the_files_lie(run: Harness, home: Path) -> None:
    result = run("get", "demo")
    assert result.exit_code == 0
    assert result.stdout.strip() == str(home / "demo-set")
    assert "licence CC0-1.0" in result.stderr
    assert (home / "demo-set" / "words.txt").read_bytes() == WORDS
    assert "words.txt: already there" in run("get", "demo").stderr


def test_get_from_a_folder(run: Harness, home: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "words.txt").write_bytes(WORDS)
    assert run("get", "demo", "--from", tmp_path / "copy").exit_code == 0
    assert (home / "demo-set" / "words.txt").read_bytes() == WORDS


def test_get_of_changed_content_is_refused(run: Harness, home: Path, tmp_path: Path) -> None:
    (tmp_path / "served" / "words.txt").write_bytes(b"annat")
    result = run("get", "demo")
    assert result.exit_code == 2
    assert "the file was refused" in result.stderr
    assert list((home / "demo-set").iterdir()) == []


def test_get_of_a_source_that_needs_no_files_says_so(run: Harness) -> None:
    assert run("get", "contrast-sv").stdout == "contrast-sv needs no files: there is nothing to get\n"


def test_an_unknown_source_is_answered_with_the_nearest(run: Harness) -> None:
    for command in ("get", "check"):
        result = run(command, "gec-vs")
        assert result.exit_code == 2
        assert "unknown judgment source 'gec-vs'. Did you mean 'gec-sv'" in result.stderr


def test_the_path_of_a_table_is_answered_with_the_reference_to_it(run: Harness, tmp_path: Path) -> None:
    for written in ("ratings.csv", "ratings.TSV,raters=[Anna,Bo]", "folder/ratings.jsonl:language=sv"):
        assert f"Did you mean 'table:{written}'?" in run("check", written).stderr
    other = tmp_path / "ratings.txt"
    other.write_text("item", encoding="utf-8")
    assert f"Did you mean 'table:{other}'?" in run("check", other).stderr


def test_check_prints_what_the_set_holds(run: Harness) -> None:
    run("get", "demo")
    result = run("check", "demo")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "1 files, every sha256 right"
    assert "2 items in 2 clusters, 4 outputs of a, b" in lines
    assert "raters: anna (primary: anna)" in lines
    assert "fluency, anna (no scale): 4 ratings, 0 missing, 0 outputs not rated; tie rate 1.000 over 2 items" in lines
    rows = [line.split() for line in lines if line.startswith("  ")]
    assert ["a", "1.50", "n=2/2"] in rows
    assert ["b", "1.50", "n=2/2"] in rows
    assert ["1", "████████████████", "2", "50%"] in rows
    assert "  empty cells: none" in lines


def test_check_says_first_what_could_hurt_and_says_so_when_nothing_does(run: Harness) -> None:
    run("get", "demo")
    lines = run("check", "demo").stdout.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("What could hurt the numbers, worst first"))
    assert start < next(n for n, line in enumerate(lines) if line.startswith("fluency, anna"))
    marks = [line[1:3].strip() for line in lines[start + 1 : lines.index("", start)] if line[1:3].strip()]
    assert marks == sorted(marks, key=("!!", "!", "·").index)
    assert any("no item has a reference" in line for line in lines)


def test_what_a_table_says_cannot_take_over_the_terminal(run: Harness, tmp_path: Path) -> None:
    path = tmp_path / "evil.csv"
    rows = "".join(f"{n},\x1b[31mred,\u202eHej \x1b]0;title\x07,<b>\x9b2J,{n}\n" for n in range(3))
    path.write_text(f"item,system,output,rater,rating\n{rows}", encoding="utf-8")
    result = run("check", f"table:{path}")
    assert result.exit_code == 0
    assert [sign for sign in result.stdout if not sign.isprintable() and sign != "\n"] == []
    assert "\\x1b[31mred" in result.stdout
    assert "hold control or invisible characters" in result.stdout


def test_check_prints_json(run: Harness) -> None:
    run("get", "demo")
    found = json.loads(run("check", "demo", "--json").stdout)
    assert found["files"] == {"words.txt": "ok"}
    assert found["criteria"]["fluency"]["anna"]["mean"]["a"] == {"mean": 1.5, "n": 2}


@pytest.mark.parametrize("state", ["missing", "wrong"])
def test_check_names_files_that_are_not_the_pinned_ones(state: str, run: Harness, home: Path) -> None:
    run("get", "demo")
    if state == "missing":
        (home / "demo-set" / "words.txt").unlink()
    else:
        (home / "demo-set" / "words.txt").write_bytes(b"annat")
    result = run("check", "demo")
    assert result.exit_code == 2
    what = "missing" if state == "missing" else "not the pinned ones (sha256)"
    assert f"demo: 1 of 1 files is {what}: words.txt; run `harness data get demo`" in result.stderr


def test_check_counts_many_missing_files_and_names_two(run: Harness) -> None:
    result = run("check", "gec-sv")
    assert result.exit_code == 2
    assert "gec-sv: 11 of 11 files are missing: " in result.stderr
    assert " and 9 more; run `harness data get gec-sv`" in result.stderr
    assert len(result.stderr) < 400


def test_check_reads_a_table_by_its_path_and_names_its_mistakes(run: Harness, tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("item,system,output,rating\n1,a,Hej,3\n1,b,Nej,x\n", encoding="utf-8")
    result = run("check", f"table:{path}")
    assert result.exit_code == 2
    assert "ratings.csv, line 3, column 'rating': 'x' is not a number" in result.stderr
    path.write_text("item,system,output,rating\n1,a,Hej,3\n1,b,Nej,2\n", encoding="utf-8")
    assert "1 items in 1 clusters, 2 outputs of a, b" in run("check", f"table:{path},language=sv").stdout


def test_check_of_a_table_prints_agreement_and_what_lies_far_off(run: Harness, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    rows = "".join(f"{n},{system},Hej,{n},{n}\n" for n in range(1, 6) for system in "ab")
    path.write_text(f"item,system,output,Anna,Bo\n{rows}6,a,Hej,99,3\n", encoding="utf-8")
    lines = run("check", f"table:{path}:raters=[Anna,Bo]").stdout.splitlines()
    (agreement,) = [line for line in lines if "agreement" in line]
    assert agreement.startswith("rating, agreement of 2 raters: Krippendorff's alpha (ordinal) 0.")
    assert agreement.endswith(" over 11 outputs with at least two ratings")
    (note,) = [line for line in lines if "far from the others" in line]
    assert note.startswith(f"note: {path}, line 12: the rating 99 on 'rating' lies far from the others, 1 to 5; ")
    assert note.endswith("and give scale=[1, 5]")


def test_check_of_a_constructed_set_says_that_nobody_judged_it(run: Harness) -> None:
    lines = run("check", "contrast-sv").stdout.splitlines()
    assert lines[0].endswith("better by construction, not human judgments")
    assert "construction, construction: 266 pairs, 0 ties, 0 missing" in lines
    assert lines[-1] == "note: better by construction, no human judgment; not checked by a native reader"


METRIC = """
from harness import MetricSpec, hookimpl
from harness.protocols import DataFiles

DATA = DataFiles(folder="norms", base_url="", files={"words.txt": "SHA"}, licence="CC-BY-4.0", source="https://example.org")


@hookimpl
def harness_metrics():
    return [MetricSpec("by-norms", build=dict, data={"word-norms": DATA})]
"""


def test_what_a_metric_reads_is_listed_got_and_checked(home: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "metric_plugin.py"
    plugin.write_text(METRIC.replace("SHA", hashlib.sha256(WORDS).hexdigest()), encoding="utf-8")
    (tmp_path / "norms").mkdir()
    (tmp_path / "norms" / "words.txt").write_bytes(WORDS)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(harness, ["--plugin", str(plugin), "data", *map(str, arguments)])

    (row,) = [row for row in json.loads(run("list", "--json", "--quiet").stdout) if row["name"] == "word-norms"]
    assert (row["licence"], row["data"], row["help"]) == ("CC-BY-4.0", "absent", "read by metrics")
    assert "run `harness data get word-norms`" in run("check", "word-norms").stderr
    assert run("get", "word-norms", "--from", tmp_path).exit_code == 0
    assert (home / "norms" / "words.txt").read_bytes() == WORDS
    assert run("check", "word-norms").stdout == "1 files, every sha256 right\n"
