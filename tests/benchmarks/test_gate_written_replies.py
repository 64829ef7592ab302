"""The replies that were written by hand: what the script makes is what the shipped gate holds."""

import shutil
from pathlib import Path

import pytest
from benchmark_scripts import benchmark

from harness.config import shipped
from harness.gate.judges_config import load_judges


@pytest.mark.slow
def test_running_the_script_again_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = benchmark("gate_written_replies")
    copy = Path(shutil.copytree(shipped("configs") / "gate" / "judges", tmp_path / "judges"))
    before = {path.name: path.read_bytes() for path in (copy / "replies").iterdir()}
    for name in written.WRITERS:
        (copy / "replies" / f"{name}.jsonl").unlink()
    monkeypatch.setattr(written, "CONFIG", copy / "judges.yaml")
    written.main([])
    assert {path.name: path.read_bytes() for path in (copy / "replies").iterdir()} == before


def test_every_written_reply_says_that_no_model_said_it() -> None:
    from harness.chat.transcript import read_transcript

    abouts = {
        judge.replies.stem: read_transcript(judge.replies).about
        for judge in load_judges(benchmark("gate_written_replies").CONFIG).judges
    }
    assert {name for name, about in abouts.items() if about.written} == set(benchmark("gate_written_replies").WRITERS)
    assert all("no model said this" in about.origin for about in abouts.values() if about.written)
    assert "recorded on" in abouts["smollm2"].origin
