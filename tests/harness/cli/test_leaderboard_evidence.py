"""`harness leaderboard evidence` writes what runs and files say of metrics into one file."""

import json
import os
from pathlib import Path

from click.testing import CliRunner, Result

from harness.cli.main import harness
from harness.leaderboard.evidence import SHIPPED, read_evidence, write_evidence


def invoke(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(harness, ["leaderboard", "evidence", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def test_two_files_become_one_in_which_the_first_counts(tmp_path: Path) -> None:
    shipped = read_evidence(SHIPPED)
    own = tmp_path / "own.json"
    changed = [type(shipped[0])(**{**{name: getattr(shipped[0], name) for name in shipped[0].__struct_fields__}, "items": 7})]
    write_evidence(own, changed, {"licences": {"gec-sv": "mine"}})
    out = tmp_path / "new" / "evidence.json"
    said = invoke(own, SHIPPED, "--out", out).stdout
    assert read_evidence(out) == [changed[0], *shipped[1:]]
    made = json.loads(out.read_bytes())["made"]
    assert made["licences"] == {"gec-sv": "mine", "wmt-da": "Apache-2.0"}
    of_gec = sum(one.set_name == "gec-sv" for one in shipped)
    assert f"{of_gec} findings on gec-sv (licence of its data: mine)" in said
    assert invoke(out, "--out", out).exit_code == 0  # its own file is replaced


def test_without_a_file_it_only_tells(tmp_path: Path) -> None:
    found = invoke(SHIPPED)
    assert "nothing was written" in found.stderr
    first = read_evidence(SHIPPED)[0]
    line = next(line for line in found.stdout.splitlines() if " bertscore" in line)
    assert f"{first.value:.3f} [{first.low:.3f}, {first.high:.3f}]" in line
    assert line.split()[0] == "gec-sv"


def test_other_files_stay(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    assert "no file of evidence" in invoke(SHIPPED, "--out", notes, code=2).output
    assert notes.read_text() == "mine"
    invoke(SHIPPED, "--out", notes, "--force")
    assert read_evidence(notes) == read_evidence(SHIPPED)


def test_what_says_nothing_of_metrics_is_refused(tmp_path: Path) -> None:
    write_evidence(tmp_path / "empty.json", [], {})
    result = invoke(tmp_path / "empty.json", "--out", tmp_path / "out.json", code=2)
    assert "says nothing of a metric that could stand beside a board" in result.output
    assert not (tmp_path / "out.json").exists()


def test_links_are_followed_and_pipes_written_to(tmp_path: Path) -> None:
    kept, link, pipe = tmp_path / "kept.json", tmp_path / "link.json", tmp_path / "pipe"
    write_evidence(kept, read_evidence(SHIPPED)[:1], {})
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    invoke(kept, "--out", pipe)
    assert os.read(reading, 20).startswith(b'{"format":1')
    os.close(reading)
    assert pipe.is_fifo()
    link.symlink_to(kept)
    invoke(SHIPPED, "--out", link)
    assert link.is_symlink()
    assert read_evidence(kept) == read_evidence(SHIPPED)
