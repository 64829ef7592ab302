"""Every entry point is told its distribution, whose metadata is read once however many points it has."""

from importlib.metadata import EntryPoint, PathDistribution, entry_points
from pathlib import Path

import pytest

from harness.distributions import name_of, version_of


def test_entry_points_of_all_kinds_have_the_name_and_version_of_their_distribution() -> None:
    points = [*entry_points(group="console_scripts"), *entry_points(group="harness.plugins")]
    assert {name_of(point) for point in points} >= {"metaeval-harness", "pytest"}
    assert [(name_of(point), version_of(point)) for point in points] == [(one.dist.name, one.dist.version) for one in points]


def test_metadata_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine-2.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 2.1\n")
    (folder / "entry_points.txt").write_text("".join(f"[group{n}]\na{n} = os:sep\n" for n in range(9)))
    reads: list[str] = []
    read = PathDistribution.read_text
    monkeypatch.setattr(PathDistribution, "read_text", lambda self, name: reads.append(name) or read(self, name))
    points = list(PathDistribution(folder).entry_points)
    assert [(name_of(point), version_of(point)) for point in points] == [("mine", "2.1")] * 9
    assert reads.count("METADATA") == 1


def test_a_point_of_no_distribution_is_said_to_be_of_an_unknown_one() -> None:
    point = EntryPoint("a", "os:sep", "group")
    assert (name_of(point), version_of(point)) == ("unknown distribution", None)
