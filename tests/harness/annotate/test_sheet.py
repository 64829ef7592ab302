"""A sheet goes out and comes back."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rating_study import write_study

from harness.annotate.errors import ConsentNeeded
from harness.annotate.sheet import safe, write_guide, write_sheet
from harness.annotate.sheet_import import Imported, import_sheet
from harness.annotate.store import Store, open_store
from harness.annotate.study_file import load_study
from harness.errors import InputError

Rows = list[list[str]]
FIRST_CRITERION = 4  # after id, instruction, source, text


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make(tmp_path)


def make(folder: Path, **changes: object) -> Store:
    store = open_store(load_study(write_study(folder, comments=True, **changes)), str(folder / "study.sqlite"))
    store.record_consent(store.rater("anna"), how="owner")
    return store


def rows_of(store: Store, pseudonym: str = "anna", delimiter: str = ";") -> Rows:
    data = write_sheet(store, store.rater(pseudonym))
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def save(path: Path, rows: Rows, delimiter: str = ";", encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def set_first_text(items: Path, text: str) -> None:
    """Lets the first output say this."""
    records = [json.loads(line) for line in items.read_text().splitlines()]
    next(record for record in records if "example_id" in record)["text"] = text
    items.write_text("".join(json.dumps(record) + "\n" for record in records))


def fill(rows: Rows, value: str = "2") -> Rows:
    return [rows[0], *([*row[:FIRST_CRITERION], value, value, value, row[-1]] for row in rows[1:])]


def test_a_sheet_is_blind_and_opens_in_a_spreadsheet(store: Store) -> None:
    data = write_sheet(store, store.rater("anna"))
    assert data.startswith(b"\xef\xbb\xbf")
    text = data.decode("utf-8-sig")
    for word in ("alfa-7b", "beta-2b", "mini/", "Göteborg"):
        assert word not in text
    rows = rows_of(store)
    answers = ["naturalness (1-3)", "relatedness (1-3)", "correctness (1-3)"]
    assert rows[0] == ["id", "instruction", "source", "text", *answers, "comment"]
    assert len(rows) == 1 + 4 * 2
    assert [row[FIRST_CRITERION:] for row in rows[1:]] == [["", "", "", ""]] * 8
    tasks = store.tasks_of(store.rater("anna"))[1:]
    assert [row[0] for row in rows[1:]] == [task.id for task in tasks]


def test_a_sheet_needs_consent(store: Store) -> None:
    with pytest.raises(ConsentNeeded):
        write_sheet(store, store.rater("bo"))


def test_an_english_study_is_comma_separated(tmp_path: Path) -> None:
    store = make(tmp_path, languages=["en", "sv"])
    assert rows_of(store, delimiter=",")[0][0] == "id"


@pytest.mark.parametrize("text", ["=1+1", "+46", "-2", "@SUM(A1)", "\t=1", "  =1", "\r=1", "＝1", "=HYPERLINK(1)\nx"])
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert safe(text) == f"'{text}"


@given(st.text(max_size=30))
def test_no_cell_begins_as_a_formula(text: str) -> None:
    assert safe(text).lstrip()[:1] not in {*"=+-@＝＋－＠"} or safe(text).startswith("'")


def test_texts_of_models_cannot_be_formulas_and_still_come_back(tmp_path: Path) -> None:
    path = write_study(tmp_path, items=1, systems=("alfa-7b",), comments=True)
    set_first_text(tmp_path / "items.jsonl", "=cmd|'/C calc'!A0")
    store = open_store(load_study(path), str(tmp_path / "study.sqlite"))
    store.record_consent(store.rater("anna"))
    rows = rows_of(store)
    assert rows[1][3] == "'=cmd|'/C calc'!A0"
    rows = fill(rows)
    rows[1][-1] = "'=kommentar"
    found = import_sheet(store, save(tmp_path / "s.csv", rows))
    assert found.new == 1
    assert store.last_answers()[0].note == "=kommentar"
    assert import_sheet(store, save(tmp_path / "s.csv", rows_of(store))).same == 1


def test_a_filled_sheet_is_stored_once_however_often_it_comes(store: Store, tmp_path: Path) -> None:
    sheet = save(tmp_path / "s.csv", fill(rows_of(store)))
    assert import_sheet(store, sheet) == Imported("anna", 8, 0, 0, 0, (), ())
    before = store.last_answers()
    assert import_sheet(store, sheet) == Imported("anna", 0, 8, 0, 0, (), ())
    assert store.last_answers() == before
    assert all(answer.answers == {"naturalness": 2, "relatedness": 2, "correctness": 2} for answer in before)
    assert store.progress(store.rater("anna")).main_done == 8


def test_a_sheet_with_answers_in_it_goes_out_with_them(store: Store, tmp_path: Path) -> None:
    rows = fill(rows_of(store))
    rows[1][-1] = "Bra; men\nlångt"
    import_sheet(store, save(tmp_path / "s.csv", rows))
    assert rows_of(store) == rows
    assert import_sheet(store, save(tmp_path / "again.csv", rows_of(store))).same == 8


def test_empty_rows_are_passed_over_and_half_filled_ones_named(store: Store, tmp_path: Path) -> None:
    rows = fill(rows_of(store))
    rows[2][FIRST_CRITERION:] = ["", "", "", ""]
    rows[3][FIRST_CRITERION + 1] = ""
    path = save(tmp_path / "s.csv", rows)
    found = import_sheet(store, path)
    assert (found.new, found.empty) == (6, 1)
    assert found.unfinished == (f"{path}, line 4: relatedness is empty; the row is not stored",)
    rows[3][FIRST_CRITERION + 1] = "3"
    assert import_sheet(store, save(path, rows)).new == 1


def test_another_answer_is_a_conflict_until_it_may_replace(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "s.csv", fill(rows_of(store)))
    import_sheet(store, path)
    rows = fill(rows_of(store))
    rows[5][FIRST_CRITERION] = "3"
    save(path, rows)
    found = import_sheet(store, path)
    assert (found.same, len(found.conflicts)) == (7, 1)
    assert found.conflicts[0].startswith(f"{path}, line 6: naturalness 3, relatedness 2, correctness 2 stands in the sheet")
    assert found.conflicts[0].endswith("the study holds naturalness 2, relatedness 2, correctness 2")
    found = import_sheet(store, path, replace=True)
    assert (found.same, found.replaced, found.conflicts) == (7, 1, ())
    save(path, fill(rows_of(store)))
    assert import_sheet(store, path, replace=True).replaced == 1  # and back again
    assert {tuple(answer.answers.values()) for answer in store.last_answers()} == {(2, 2, 2)}


def test_what_was_said_on_the_page_is_not_overwritten_by_a_sheet(store: Store, tmp_path: Path) -> None:
    sheet = save(tmp_path / "s.csv", fill(rows_of(store)))
    rater = store.rater("anna")
    for _ in range(2):
        task = store.next_task(rater)
        store.save_answer(rater, task.id, dict.fromkeys(task.criteria, 1), client_id=f"client-{task.id}")
    found = import_sheet(store, sheet)
    assert (found.new, len(found.conflicts)) == (7, 1)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_any_delimiter_comes_back(store: Store, tmp_path: Path, delimiter: str) -> None:
    assert import_sheet(store, save(tmp_path / "s.csv", fill(rows_of(store)), delimiter)).new == 8


@pytest.mark.parametrize("cell", ["2", " 2 ", "2.0", "2,0", "2,"])
def test_a_rating_may_look_as_spreadsheets_make_it(store: Store, tmp_path: Path, cell: str) -> None:
    assert import_sheet(store, save(tmp_path / "s.csv", fill(rows_of(store), cell))).new == 8
    assert {tuple(answer.answers.values()) for answer in store.last_answers()} == {(2, 2, 2)}


def test_rows_may_be_sorted(store: Store, tmp_path: Path) -> None:
    rows = fill(rows_of(store))
    assert import_sheet(store, save(tmp_path / "s.csv", [rows[0], *sorted(rows[1:])])).new == 8


def cell(line: int, column: int, value: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[line - 1][column] = value

    return change


def sort_one_column(rows: Rows) -> None:
    texts = sorted(row[3] for row in rows[1:])
    for row, text in zip(rows[1:], texts[1:] + texts[:1], strict=True):
        row[3] = text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (cell(3, 4, "4"), "line 3, column 'naturalness': '4' is not one of 1, 2, 3"),
        (cell(3, 5, "2.5"), "line 3, column 'relatedness': '2.5' is not one of 1, 2, 3"),
        (cell(3, 6, "=2"), "line 3, column 'correctness': '=2' is not one of 1, 2, 3"),
        (cell(3, 6, "-"), "line 3, column 'correctness': '-' is not one of 1, 2, 3"),
        (cell(3, 7, "x" * 2001), "line 3, column 'comment': 2001 characters; a comment has at most 2000"),
        (cell(4, 0, "0000000000000000"), "line 4, column 'id': '0000000000000000' is no task of this rater"),
        (lambda rows: rows.__setitem__(4, rows[3]), "line 5, column 'id'"),
        (sort_one_column, "column 'text': not the text that was exported with this id"),
        (cell(1, 5, "relatednes (1-3)"), "line 1: the sheet has no column 'relatednes'. Did you mean 'relatedness'?"),
        (cell(1, 5, ""), "line 1: the column 'relatedness' is missing"),
        (cell(1, 5, "naturalness"), "line 1: the column 'naturalness' stands here twice"),
        (lambda rows: rows[4].append("9"), "line 5: 9 cells under 8 columns"),
        (lambda rows: rows.__delitem__(slice(1, None)), "no row under a header"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_stored(store: Store, tmp_path: Path, change, message: str) -> None:
    rows = fill(rows_of(store))
    change(rows)
    path = save(tmp_path / "s.csv", rows)
    with pytest.raises(InputError) as caught:
        import_sheet(store, path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert store.last_answers() == []


def test_all_wrong_cells_are_named_at_once(store: Store, tmp_path: Path) -> None:
    path = save(tmp_path / "s.csv", fill(rows_of(store), "7"))
    with pytest.raises(InputError) as caught:
        import_sheet(store, path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "… and 4 more"


def test_a_line_is_that_of_the_file_where_texts_have_line_breaks(tmp_path: Path) -> None:
    path = write_study(tmp_path, items=2, systems=("alfa-7b",))
    set_first_text(tmp_path / "items.jsonl", "rad\nrad")
    store = open_store(load_study(path), str(tmp_path / "study.sqlite"))
    store.record_consent(store.rater("anna"))
    rows = rows_of(store)
    with_break = next(index for index, row in enumerate(rows) if "\n" in row[3])
    rows = [rows[0], rows[with_break], rows[3 - with_break]]
    rows = [rows[0], *([*row[:FIRST_CRITERION], "2", "2", "2"] for row in rows[1:])]
    rows[2][FIRST_CRITERION] = "9"
    with pytest.raises(InputError, match="line 4, column 'naturalness'"):
        import_sheet(store, save(tmp_path / "s.csv", rows))


@pytest.mark.parametrize(("encoding", "message"), [("cp1252", "line 1: not UTF-8|line 2: not UTF-8"), ("utf-16", "UTF-16")])
def test_another_encoding_is_told_how_to_save(store: Store, tmp_path: Path, encoding: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        import_sheet(store, save(tmp_path / "s.csv", fill(rows_of(store)), encoding=encoding))


def test_a_sheet_of_another_study_or_of_two_raters_is_refused(store: Store, tmp_path: Path) -> None:
    store.record_consent(store.rater("bo"))
    mixed = [*fill(rows_of(store))[:3], *fill(rows_of(store, "bo"))[3:]]
    with pytest.raises(InputError, match="line 4: this row belongs to 'bo', rows above to 'anna'"):
        import_sheet(store, save(tmp_path / "s.csv", mixed))
    (tmp_path / "other").mkdir()
    foreign = fill(rows_of(make(tmp_path / "other")))
    with pytest.raises(InputError, match="no id in it is a task of this study"):
        import_sheet(store, save(tmp_path / "s.csv", foreign))


def test_comparisons_and_what_cannot_be_judged_have_words_of_their_own(tmp_path: Path) -> None:
    store = make(tmp_path, items=1, criteria=["correctness"], compare={"criteria": ["overall"]}, cannot_judge=True, training=[])
    rows = rows_of(store)
    assert rows[0][3:] == ["text", "text_2", "correctness (1-3)", "compare:overall (1/2/tie)", "comment"]
    assert [len([c for c in row[3:5] if c]) for row in rows[1:]] == [1, 1, 2]
    rows[1][5], rows[2][5], rows[3][6] = "-", "3", "2"
    assert import_sheet(store, save(tmp_path / "s.csv", rows)).new == 3
    said = [list(answer.answers.values()) for answer in store.last_answers()]
    assert said == [[None], [3], ["second"]]
    rows[3][6], rows[3][5] = "lika", "2"
    with pytest.raises(InputError, match="line 4, column 'correctness': '2' stands in a column that is not asked"):
        import_sheet(store, save(tmp_path / "s.csv", rows))


def test_an_empty_second_answer_is_seen_to_be_one(tmp_path: Path) -> None:
    write_study(tmp_path, items=1)
    records = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    path = write_study(tmp_path, items=1, criteria=["correctness"], compare={"criteria": ["overall"]}, training=[])
    lines = [json.dumps({**record, "text": ""} if "example_id" in record else record) + "\n" for record in records]
    (tmp_path / "items.jsonl").write_text("".join(lines))
    store = open_store(load_study(path), str(tmp_path / "study.sqlite"))
    store.record_consent(store.rater("anna"))
    rows = rows_of(store)
    empty = "(tomt svar)"
    assert [row[3:5] for row in rows[1:]] == [[empty, ""], [empty, ""], [empty, empty]]
    rows[1][5], rows[2][5], rows[3][6] = "1", "1", "A"
    rows[2][3] = ""  # as sheets were before
    assert import_sheet(store, save(tmp_path / "s.csv", rows)).new == 3


def test_the_guide_says_what_to_write(tmp_path: Path) -> None:
    store = make(tmp_path, compare={"criteria": ["overall"]}, cannot_judge=True)
    lines = write_guide(store.study, "sv").splitlines()
    for line in (
        "- **1** (eller A): `text` är bättre",
        "- **2** (eller B): `text_2` är bättre",
        "- **tie** (eller lika): lika bra",
    ):
        assert line in lines
    assert "- **-** kan inte bedömas" in lines


def test_the_guide_holds_the_guidelines_and_every_anchor(store: Store) -> None:
    guide = write_guide(store.study, "sv")
    assert "Läs *hela* svaret." in guide
    for criterion in store.study.criteria:
        assert f"`{criterion.name}`" in guide
        for value, word in zip(criterion.values, criterion.anchors["sv"], strict=True):
            assert f"- **{value}** {word}" in guide
