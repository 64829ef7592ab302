"""What stands on the page of a leaderboard, in its markup."""

import re
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from boards import hand_made_board, hand_made_results, results_folder
from html_page import Node, parse

from harness.leaderboard.board import make_board
from harness.leaderboard.html import page
from harness.leaderboard.records import Board, Results, Trust
from harness.leaderboard.results import read_results


@pytest.fixture(scope="module")
def root() -> Node:
    return parse(page(hand_made_board(), hand_made_results()))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Board, Results]:
    results = read_results(results_folder(tmp_path_factory.mktemp("board")))
    return make_board(results, metrics=["bleu"], resamples=200), results


def rows(root: Node, table: str) -> list[dict[str, str]]:
    """The rows of a table by the names of its columns."""
    [node] = [one for one in root.all("table") if one.attributes.get("id") == table]
    names = [head.text for head in node.one("thead").all("th")]
    lines = [[cell.text for cell in row.walk() if cell.name in ("td", "th")] for row in node.one("tbody").all("tr")]
    return [dict(zip(names, line, strict=True)) for line in lines]


def test_the_answer_comes_first_then_the_warnings_then_the_board(root: Node) -> None:
    heads = [head.text.removesuffix(" #") for head in root.one("main").all("h2")]
    assert heads[:3] == ["In short", "Before you trust it", "The board"]
    first = root.one("section", class_="answer").all("p")[0].text
    assert first.startswith("tuned .644 [.560, .720] stands first, alone in its cluster, by the mean over 2 tasks")
    assert [item.text for item in root.one("section", class_="warnings").all("li")] == list(hand_made_board().warnings)


def test_each_column_says_metric_language_form_n_and_how_far_to_trust_it(root: Node) -> None:
    heads = [head.text for head in root.one("table", class_="board-table").one("thead").all("th")]
    assert heads[2] == "sv_choiceaccsv · short · n 40compared with a key"
    assert heads[3] == "sv_translatechrfsv · long · n 30agrees with people.710 [.660, .750], floor .550"
    assert heads[4] == "sv_translatebleusv · long · n 30doubtful.560 [.520, .600], floor .550"
    assert heads[5] == "sv_prosecharacter_perplexity, lower is bettersv · long · n 12nobody has rated"


def test_every_value_has_its_interval_and_group_and_every_gap_its_reason(root: Node) -> None:
    cells = {
        row.all("th")[0].text: [cell.text for cell in row.all("td")]
        for row in root.one("table", class_="board-table").one("tbody").all("tr")
    }
    assert cells["tuned"][:3] == [
        ".644 cluster 1 [.560, .720]",
        ".750 cluster 1 [.610, .860]",
        "62.1 cluster 1 [58.0, 66.4] 3 of 30 seen in training",
    ]
    assert cells["=org/other <b>7b</b>"][2:] == [
        "not run",
        "failed: CUDA out of memory",
        "3.00 cluster 1 [2.80, 3.30] only 6 items",
    ]
    assert cells["=org/other <b>7b</b>"][0] == "not ranked: sv_translate is missing"


def test_a_rank_never_stands_bare(root: Node) -> None:
    assert not re.search(r"\brank\b", root.one("main").text)
    places = [node.text for node in root.all("span", class_="place")]
    assert len(places) == 12
    assert all(re.fullmatch(r"cluster \d", place) for place in places)


def test_contamination_is_said_on_the_models_own_page_also_where_nothing_was_found(root: Node) -> None:
    seen = {row["task"] + "/" + row["metric"]: row["seen in training"] for row in rows(root, "model-0-cells")}
    assert seen["sv_choice/acc"] == "none of 40"
    assert seen["sv_translate/chrf"] == "3 of 30"
    assert seen["sv_prose/character_perplexity"] == "not known"


def test_a_models_page_holds_its_facts_and_a_link_to_its_answers(root: Node) -> None:
    [tuned] = [node for node in root.all("details", class_="model") if node.attributes["id"] == "model-0"]
    facts = {row.all("dt")[0].text: row.all("dd")[0].text for row in tuned.one("dl", class_="facts").all("div")}
    assert facts == {"parameters": "134,515,008", "trained here by": "sft", "time": "9.5 s", "tokens per second": "84.2"}
    assert [link.attributes["href"] for link in tuned.all("a")] == ["#answers"]


def test_the_standings_say_speed_and_cost(root: Node) -> None:
    found = {row["model"]: row for row in rows(root, "standings-table")}
    assert found["tuned"]["tokens/s"] == "84.2"
    assert found["untuned"]["cost"] == ".120"
    assert found["=org/other <b>7b</b>"]["note"] == "not ranked: sv_translate is missing"


def test_a_column_that_was_not_looked_up_is_not_said_to_be_unrated(made: tuple[Board, Results]) -> None:
    root = parse(page(*made))
    assert "How well the columns' metrics agree with people was not looked up." in root.text
    assert {node.text for node in root.all("span", class_="trust")} == {"not looked up"}


def test_pairs_are_tested_over_all_items_by_the_test_that_makes_the_groups(made: tuple[Board, Results]) -> None:
    board, results = made
    told = {row["task"] + "/" + row["metric"]: row for row in rows(parse(page(board, results)), "pair-0-1-table")}
    assert told["sv_choice/acc"]["better"] == "tuned is better"
    assert told["sv_prose/character_perplexity"]["difference"].startswith("−")  # lower, which is better
    assert told["sv_prose/character_perplexity"]["better"] == "tuned is better"
    groups = {(cell.model, cell.column): cell.cluster for cell in board.cells}
    for key, row in told.items():
        assert (row["better"] == "not told apart") == (groups["tuned", key] == groups["untuned", key]), key


def test_choices_are_shown_as_text_with_the_likeliest_as_the_answer(made: tuple[Board, Results]) -> None:
    board, results = made
    root = parse(page(board, results))
    [card] = [node for node in root.all("details", class_="item") if node.attributes["id"] == "item-0-1"]
    texts = [node.text for node in card.all("div", class_="passage")]
    assert texts[1] == "ja · nej · kanske · aldrig"
    assert set(texts[2:]) <= {"ja", "nej", "kanske", "aldrig"}
    values = {node.one("p", class_="side-title").text: node.attributes["data-v"] for node in card.all("div", class_="by")}
    for model, value in values.items():
        item = next(
            one
            for one in results.read_items(model, "sv_choice")
            if one.key.startswith(card.one("summary").all("span", class_="n")[0].text)
        )
        assert float(value or "") == item.values["acc"]


def test_headings_never_skip_a_level_and_landmarks_are_there(root: Node) -> None:
    levels = [int(node.name[1]) for node in root.walk() if re.fullmatch("h[1-6]", node.name)]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert [len(root.all(name)) for name in ("main", "nav", "header", "footer")] == [1, 1, 1, 1]
    for table in root.all("table"):
        assert table.one("caption").text
        assert all(head.attributes.get("scope") == "col" for head in table.one("thead").all("th"))


def test_a_board_without_models_columns_or_answers_is_still_a_page() -> None:
    empty = Board(name="", models=(), tasks=(), columns=(), cells=(), standings=())
    nothing = Results(models={}, tasks={}, results=(), read_items=lambda model, task: iter(()))
    root = parse(page(empty, nothing))
    assert "No answers were kept with these results." in root.text
    assert root.one("h1").text == "Leaderboard"
    assert "No answers were kept" in page(hand_made_board(), nothing)


def test_items_that_cannot_be_read_are_named_and_the_rest_is_shown(tmp_path: Path) -> None:
    folder = results_folder(tmp_path)
    damaged = next(folder.glob("untuned/samples_sv_choice.jsonl"))
    whole = read_results(folder)
    board = make_board(whole, resamples=200)
    damaged.write_text("{no json}\n", encoding="utf-8")
    root = parse(page(board, whole))
    [problem] = root.all("p", class_="problem")
    assert problem.text.startswith("Not read: untuned on sv_choice: ")
    assert "samples_sv_choice.jsonl, line 1" in problem.text
    assert len(root.all("details", class_="item")) == 102


def test_a_trust_without_numbers_is_words_alone() -> None:
    board = hand_made_board()
    bare = msgspec.structs.replace(board.columns[0], trust=Trust(verdict="agrees"))
    root = parse(page(msgspec.structs.replace(board, columns=(bare, *board.columns[1:])), hand_made_results()))
    assert root.one("table", class_="board-table").all("th")[2].text == "sv_choiceaccsv · short · n 40agrees with people"
