"""The build stage: segments, resume, what is written, and what a builder may not do."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.build.config import load_build_config
from harness.build.rows import SetAside
from harness.errors import InputError, PluginError
from harness.pipeline.building import build_data_set
from harness.protocols import BuilderSpec
from harness.records import Example
from harness.registry import Entry, Registry
from harness.stages.build import finish_build, run_builders
from harness.store import Run, read_table, table_path

CONFIG = "language: sv\nbuilders:\n  - counted\nlanguages: false\nfilters: false\nduplicates: false\ncontamination: false\n"


class Counted:
    """Yields `n` rows, the third of which it sets aside; `stop` breaks off before that row, as a kill does."""

    def __init__(self, n: int, stop: int | None = None, first: int = 0) -> None:
        self.n, self.stop, self.first, self.asked = n, stop, first, 0

    def examples(self) -> Iterator[Example | SetAside]:
        for number in range(self.first, self.n):
            if number == self.stop:
                raise KeyboardInterrupt
            self.asked += 1
            if number == 2:
                yield SetAside(id="c/2", stage="counted", reason="odd", detail="it is two")
            else:
                yield Example.from_instruction(f"c/{number}", f"Säg {number}", [str(number)], language="sv")


def registry_of(builder: Any) -> Registry:
    found = Registry()
    found.entries["dataset builder"]["counted"] = Entry(BuilderSpec("counted", build=lambda: builder), "test", "test")
    return found


def quiet(label: str, done: int, total: int) -> None:
    pass


def built(folder: Path, builder: Any, limit: int | None = None) -> tuple[list[str], int]:
    """Ids of the kept examples, and how many rows the builder's segments hold."""
    (folder / "c.yaml").write_text(CONFIG, encoding="utf-8")
    config = load_build_config(folder / "c.yaml")
    with Run.open(folder / "out", config={}, command=["test"]) as run:
        made = run_builders(run, registry_of(builder), config.builders, quiet, limit=limit)
        finish_build(run, config, made, [], quiet)
    return ids(folder), made[0].rows


def ids(folder: Path) -> list[str]:
    return [example.id for example in read_table(table_path(folder / "out", "examples"), Example)]


def test_rows_and_what_was_set_aside_lie_in_two_tables(tmp_path: Path) -> None:
    assert built(tmp_path, Counted(5)) == (["c/0", "c/1", "c/3", "c/4"], 5)
    removed: Sequence[SetAside] = list(read_table(table_path(tmp_path / "out", "removed"), SetAside))
    assert [(row.id, row.reason, row.detail) for row in removed] == [("c/2", "odd", "it is two")]


def test_a_build_that_was_stopped_goes_on_without_a_lost_or_doubled_row(tmp_path: Path) -> None:
    whole, _ = built(tmp_path / "whole" if (tmp_path / "whole").mkdir() is None else tmp_path, Counted(2000))
    with pytest.raises(KeyboardInterrupt):
        built(tmp_path, Counted(2000, stop=1500))
    resumed, rows = built(tmp_path, Counted(2000))
    assert (resumed, rows) == (whole, 2000)


def test_a_finished_builder_is_not_asked_again(tmp_path: Path) -> None:
    built(tmp_path, Counted(5))
    again = Counted(5)
    built(tmp_path, again)
    assert again.asked == 0


def test_a_limit_takes_the_first_rows_and_the_rest_come_later(tmp_path: Path) -> None:
    assert built(tmp_path, Counted(5), limit=2) == (["c/0", "c/1"], 2)
    assert built(tmp_path, Counted(5), limit=2) == (["c/0", "c/1"], 2)
    assert built(tmp_path, Counted(5)) == (["c/0", "c/1", "c/3", "c/4"], 5)


def test_a_builder_that_says_something_else_than_before_is_stopped(tmp_path: Path) -> None:
    built(tmp_path, Counted(5), limit=2)
    with pytest.raises(InputError, match="row 2 was 'c/1' when the build was stopped, and is 'c/4' now"):
        built(tmp_path, Counted(6, first=3))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Example.from_instruction("c/1", "Säg hej", ["\ud800"], language="sv"), "'c/1' cannot be kept"),
        (Example(id=7, kind="instruction", language="sv"), "row 7 cannot be kept"),  # type: ignore[arg-type]
        (Example(id="c/1", kind="instruction", language="sv", meta={"of": object()}), "'c/1' cannot be kept"),
    ],
)
def test_a_row_that_could_not_be_read_again_is_named_before_it_is_written(tmp_path: Path, row: Example, said: str) -> None:
    class Odd:
        def examples(self) -> Iterator[Example]:
            yield row

    with pytest.raises(PluginError, match=f"builder 'counted': .*{said}"):
        built(tmp_path, Odd())
    assert not list((tmp_path / "out/segments").glob("*/*.jsonl"))


@pytest.mark.parametrize(
    ("error", "said"), [(ZeroDivisionError("no"), "ZeroDivisionError: no"), (SystemExit(0), "SystemExit: 0")]
)
def test_whatever_a_builder_raises_is_told_under_its_name(tmp_path: Path, error: BaseException, said: str) -> None:
    class Failing:
        def examples(self) -> Iterator[Example]:
            raise error

    with pytest.raises(PluginError, match=f"builder 'counted' failed: {said}"):
        built(tmp_path, Failing())


def test_a_builder_is_told_of_before_it_is_asked(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    asked: list[list[tuple[str, int, int]]] = []

    class Watched(Counted):
        def examples(self) -> Iterator[Example | SetAside]:
            asked.append([*told])
            yield from super().examples()

    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    config = load_build_config(tmp_path / "c.yaml")
    with Run.open(tmp_path / "out", config={}, command=["test"]) as run:
        run_builders(run, registry_of(Watched(4)), config.builders, lambda *step: told.append(step))
    assert asked == [[("counted", 0, 1)]]
    assert told[-1] == ("counted", 4, 4)


def test_a_row_that_is_no_example_is_named(tmp_path: Path) -> None:
    class Wrong:
        def examples(self) -> Iterator[Any]:
            yield {"instruction": "Säg hej"}

    with pytest.raises(PluginError, match="'counted' yields dict"):
        built(tmp_path, Wrong())


def test_a_builder_is_asked_again_where_what_it_leaves_beside_its_rows_is_gone(tmp_path: Path) -> None:
    left = tmp_path / "database"

    class Leaving(Counted):
        def examples(self) -> Iterator[Example | SetAside]:
            yield from super().examples()
            left.touch()

    def asked() -> int:
        builder = Leaving(5)
        found = Registry()
        spec = BuilderSpec("counted", build=lambda: builder, leaves=lambda: [left])
        found.entries["dataset builder"]["counted"] = Entry(spec, "test", "test")
        with Run.open(tmp_path / "out", config={}, command=["test"]) as run:
            (made,) = run_builders(run, found, load_build_config(tmp_path / "c.yaml").builders, quiet)
        assert (made.rows, made.complete, left.exists()) == (5, True, True)
        return builder.asked

    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    assert asked() == 5
    assert asked() == 0
    left.unlink()
    assert asked() == 5


class Noted(Counted):
    """Has something to say beside its rows."""

    def notes(self) -> list[str]:
        return [f"{self.asked} rows were made"]


def test_what_a_builder_notes_is_kept_with_its_rows(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    config = load_build_config(tmp_path / "c.yaml")
    builder = Noted(4)
    for _ in range(2):  # the second time it is not asked for rows
        with Run.open(tmp_path / "out", config={}, command=["test"]) as run:
            [made] = run_builders(run, registry_of(builder), config.builders, quiet)
        assert made.notes == ("4 rows were made",)
    assert builder.asked == 4


def test_what_builders_note_is_said_and_stands_in_the_data_card(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    config = load_build_config(tmp_path / "c.yaml")
    said: list[str] = []
    for _ in range(2):
        said.clear()
        build_data_set(config, registry_of(Noted(4)), tmp_path / "out", quiet, command=["test"], say=said.append)
        assert "counted: 4 rows were made" in said
    assert "4 rows were made" in (tmp_path / "out" / "card.html").read_text(encoding="utf-8")
