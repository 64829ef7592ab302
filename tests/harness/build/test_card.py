"""The data card says what the tables hold, and what was not done."""

import re
from pathlib import Path

import pytest
from small_builds import config, finish, made, row

from harness.build.evaluation_sets import EvaluationSet
from harness.build.options import CardOptions, ContaminationOptions, DuplicateOptions, FilterOptions, LanguageOptions
from harness.build.rows import SetAside
from harness.registry import PluginRef


def card(folder: Path) -> str:
    """The Markdown below the front matter."""
    return (folder / "README.md").read_text(encoding="utf-8").split("\n---\n", 1)[1]


def section(text: str, title: str) -> str:
    """What stands below a heading of the second or third level."""
    for level in ("\n## ", "\n### "):
        if f"{level}{title}\n" in text:
            return text.split(f"{level}{title}\n", 1)[1].split(level, 1)[0]
    raise AssertionError(f"no section {title!r}")


def test_counts_by_builder_split_task_and_form(tmp_path: Path) -> None:
    rows = [row("a"), row("b", split="test", form="long"), row("c", builder="natural", task=None)]
    finish(tmp_path / "x", rows)
    text = card(tmp_path / "x")
    assert "3 examples: 2 train, 1 test." in text
    assert "| natural | 1 | 0 | 1 |\n| template | 1 | 1 | 2 |" in section(text, "Examples by builder and split")
    assert "| question-answering | long | template | 1 |" in section(text, "Examples by task and form")
    assert "| (not said) | short | natural | 1 |" in section(text, "Examples by task and form")


def test_lengths_are_quantiles_of_characters_and_words(tmp_path: Path) -> None:
    finish(tmp_path / "x", [row(str(n), response="ord " * n + "slut") for n in range(20)])
    lengths = section(card(tmp_path / "x"), "Lengths")
    # Responses of 1 to 20 words, 4 to 80 characters: the tenth smallest is the median, the nineteenth the 95 % quantile.
    assert "| template | response | 20 | 40 | 76 | 80 | 10 | 19 | 20 |" in lengths


def test_removed_rows_are_counted_by_reason_and_shown(tmp_path: Path) -> None:
    removed = [
        SetAside(
            id=f"set/{n}", stage="filter", reason="too-short", detail="2 characters", example=row(f"short{n}", response="Ja")
        )
        for n in range(7)
    ]
    removed.append(SetAside(id="set/p", stage="translate", reason="palindrome", detail="racecar", source="Is racecar one?"))
    finish(tmp_path / "x", [row("a")], removed, built=[made(9, aside=1)])
    text = card(tmp_path / "x")
    assert "The builders made 9 rows and set 1 of them aside; the steps after them removed 7." in text
    assert "| filter | too-short | 7 |\n| translate | palindrome | 1 |" in section(text, "Rows that did not become part of it")
    shown = section(text, "Examples of removed rows")
    assert shown.count("filter: too-short (2 characters)") == 3
    assert "source:\n\n```text\nIs racecar one?\n```" in shown


def test_contamination_is_counted_by_evaluation_set(tmp_path: Path) -> None:
    sets = [{"set": "swefaq", "items": 7, "rows_removed": 3, "items_hit": 2}]
    wordings = [{"words": "vad gäller för den som", "rows": 120, "where": "swefaq, item 4"}]
    finish(tmp_path / "x", [row("a")], found={"contamination": {"checked": True, "sets": sets, "wordings": wordings}})
    text = card(tmp_path / "x")
    assert "| swefaq | 1 | 7 | 3 | 2 |" in section(text, "Contamination by evaluation set")
    assert "| vad gäller för den som | swefaq, item 4 | 120 |" in section(text, "Words of evaluation sets that were let pass")


def test_without_what_sifting_found_contamination_is_read_off_the_removed_rows(tmp_path: Path) -> None:
    detail = "12 words of swefaq, item 1: “vad gäller” (80% of the text's 10-grams)"
    removed = [SetAside(id="set/b", stage="contamination", reason="shares-evaluation-text", detail=detail, example=row("b"))]
    finish(tmp_path / "x", [row("a")], removed)
    assert "| swefaq | 1 | – | 1 | – |" in section(card(tmp_path / "x"), "Contamination by evaluation set")


def test_what_texts_look_like_is_told_by_field(tmp_path: Path) -> None:
    field = {"looked_at": 90, "too_short": 5, "not_judged": 1, "other": 4, "looks_like": {"sv": 86, "da": 3, "nb": 1}}
    finish(tmp_path / "x", [row("a")], found={"languages": {"checked": True, "fields": {"response": field}}})
    table = section(card(tmp_path / "x"), "Language identification")
    assert "| response | 90 | 4 | 5 | 1 | sv 86, da 3, nb 1 |" in table


def test_a_missing_language_model_is_told(tmp_path: Path) -> None:
    finish(tmp_path / "x", [row("a")], found={"languages": {"checked": False, "fields": {}}})
    assert "- Languages were not identified, since py3langid is not installed" in section(
        card(tmp_path / "x"), "Before you use it"
    )


def test_a_part_only_is_told_first(tmp_path: Path) -> None:
    finish(tmp_path / "x", [row("a", licence=None)], built=[made(1, complete=False)])
    warnings = section(card(tmp_path / "x"), "Before you use it").strip().splitlines()
    assert warnings[0].startswith(
        "- A PART ONLY, to have a look: with --limit only the first rows were asked for of template (1 row)"
    )
    assert warnings[1] == "- 1 of 1 example is of unknown licence: (none given)."
    assert "| NO: cut off |" in section(card(tmp_path / "x"), "Builders")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"languages": LanguageOptions(use=False)}, "Language identification was switched off"),
        ({"filters": FilterOptions(use=False)}, "The filters were switched off"),
        ({"duplicates": DuplicateOptions(use=False)}, "Removal of duplicates was switched off"),
        ({"duplicates": DuplicateOptions(near=None)}, "near-duplicates stay"),
        ({"contamination": ContaminationOptions(use=False)}, "The contamination check was switched off"),
    ],
)
def test_a_step_that_was_left_out_is_told(tmp_path: Path, fields: dict[str, object], says: str) -> None:
    finish(tmp_path / "with", [row("a")])
    finish(tmp_path / "without", [row("a")], settings=config(**fields))
    assert says not in card(tmp_path / "with")
    assert says in section(card(tmp_path / "without"), "Before you use it")


def test_switched_off_steps_stand_so_in_the_table_of_steps(tmp_path: Path) -> None:
    off = config(filters=FilterOptions(use=False), contamination=ContaminationOptions(use=False))
    finish(tmp_path / "x", [row("a")], settings=off)
    text = card(tmp_path / "x")
    assert "| filters | OFF |  |" in section(text, "Steps")
    assert "| language identification | on | words 6, margin 5 |" in section(text, "Steps")
    assert "Not checked: the step was switched off." in section(text, "Contamination by evaluation set")


def test_without_evaluation_sets_nobody_claims_a_check(tmp_path: Path) -> None:
    sentence = "contamination: gec-sv was not looked at: its files are absent"
    finish(tmp_path / "x", [row("a")], against=(), notes=[sentence])
    text = card(tmp_path / "x")
    assert "No evaluation set was at hand" in section(text, "Before you use it")
    assert f"- {sentence}" in section(text, "Before you use it")
    assert "Not checked" in section(text, "Contamination by evaluation set")


def test_a_builder_that_yields_nothing_is_named(tmp_path: Path) -> None:
    settings = config(builders=(PluginRef("template", {}), PluginRef("natural", {}), PluginRef("translate", {})))
    built = [made(1), made(0, name="natural"), made(4, name="translate", aside=4)]
    finish(tmp_path / "x", [row("a")], settings=settings, built=built)
    warnings = section(card(tmp_path / "x"), "Before you use it")
    assert "- The builder natural yielded nothing." in warnings
    assert "- The builder translate set aside all of its 4 rows." in warnings


def test_an_empty_build_has_a_card_that_says_so(tmp_path: Path) -> None:
    finish(tmp_path / "x", [], built=[made(0)])
    text = card(tmp_path / "x")
    assert "This build holds no examples." in text
    assert "- This data set is empty." in text
    assert "data_files" not in (tmp_path / "x" / "README.md").read_text(encoding="utf-8")


def test_licences_are_counted_and_combined(tmp_path: Path) -> None:
    rows = [row("a", licence="CC BY-SA 4.0"), row("b", licence="CC BY-NC-SA 4.0"), row("c", licence="CC BY-NC-SA 4.0")]
    told: list[str] = []
    finish(tmp_path / "x", rows, note=told.append)
    text = card(tmp_path / "x")
    assert "| CC BY-NC-SA 4.0 | CC-BY-NC-SA-4.0 | attribution; share-alike; no commercial use | 2 |" in text
    assert "- For 2 of 3 rows commercial use is not allowed (non-commercial)." in text
    assert told == [
        "licences: 2 of 3 examples are not for commercial use: CC BY-NC-SA 4.0",
        "licences: CC-BY-NC-SA-4.0 and CC-BY-SA-4.0 conflict: one work cannot be made of both; keep their rows apart",
    ]


def test_parts_of_scores_have_histograms(tmp_path: Path) -> None:
    rows = [row(str(n), meta={"scores": {"quality": n / 20, "sum": 0.5, "missing": None}}) for n in range(20)]
    finish(tmp_path / "x", rows)
    scores = section(card(tmp_path / "x"), "Parts of the score")
    assert (
        "template: quality | `████████████████████` | from 0.00 … from 0.95 | 20 rows, median 0.450, middle half 0.200 to 0.700 |"
        in scores
    )
    assert "missing" not in scores


def test_diversity_is_compared_at_equal_numbers_of_words(tmp_path: Path) -> None:
    rows = [row(f"same{n}", instruction="Räkna nu", response="a b c") for n in range(4)]
    rows += [row("other", builder="natural", instruction="Skriv om hästar", response="d e f g")]
    finish(tmp_path / "x", rows)
    table = section(card(tmp_path / "x"), "Different words and skeletons")
    # Four words each: of "a b c a" three are different and all pairs are; of "d e f g" all are.
    assert "| response | natural | 4 | 1.000 | 1.000 | 1.000 | – |" in table
    assert "| response | template | 4 | 0.750 | 1.000 | 1.000 | – |" in table
    assert "| instruction | template | 3 | 0.667 |" in table


def test_front_matter_is_what_hubs_read(tmp_path: Path) -> None:
    import yaml

    settings = config(card=CardOptions(title="Frågor: svenska", samples=2))
    finish(tmp_path / "x", [row("a"), row("b", split="test", licence="MIT")], settings=settings)
    head = yaml.safe_load((tmp_path / "x" / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert head == {
        "pretty_name": "Frågor: svenska",
        "license": ["cc-by-4.0", "mit"],
        "language": ["sv"],
        "task_categories": ["text-generation", "question-answering"],
        "size_categories": ["n<1K"],
        "tags": ["instruction-tuning", "metaeval-harness"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "data/train-*.parquet"},
                    {"split": "test", "path": "data/test-*.parquet"},
                ],
            }
        ],
    }


def test_markup_in_every_text_stays_text_in_markdown(tmp_path: Path) -> None:
    from markdown_it import MarkdownIt

    attack = "```\n<script>hit()</script>\n![x](http://a.example/b.png) | # [x](javascript:hit())"
    attacked = row("a", instruction=attack, task=attack, licence=attack, builder=attack, meta={"scores": {attack: 0.5}})
    removed = SetAside(id=attack, stage=attack, reason=attack, detail=attack, source=attack)
    finish(tmp_path / "x", [attacked], [removed], settings=config(card=CardOptions(title=attack, description=attack)))
    tokens = MarkdownIt("commonmark").enable("table").parse(card(tmp_path / "x"))
    kinds = {one.type for token in tokens for one in (token, *(token.children or ()))}
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}
    fences = [token.content for token in tokens if token.type == "fence"]
    assert fences.count(f"{attack}\n") == 2  # the sample's instruction, and the source of the removed row


def test_an_evaluation_set_without_items_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    sets = (EvaluationSet("empty.jsonl", ()), EvaluationSet("swefaq", [("1", "en fråga")]))
    finish(tmp_path / "x", [row("a")], against=sets, note=told.append)
    sentence = "The evaluation set empty.jsonl holds no text: nothing was compared with it. Is it the right file?"
    warnings = section(card(tmp_path / "x"), "Before you use it")
    assert "The evaluation set empty.jsonl holds no text" in warnings
    assert "swefaq" not in warnings
    assert f"contamination: {sentence}" in told


def test_one_is_not_said_as_many_and_versions_are_not_escaped(tmp_path: Path) -> None:
    finish(tmp_path / "x", [row("a")])
    text = card(tmp_path / "x")
    assert "1 example: 1 train." in text
    assert "The builders made 1 row and set 0 of them aside" in text
    assert not re.search(r"\b1 (?:rows|examples)\b", text)
    assert not re.search(r"\d\\\.", text)
    assert "rows made are all of them, those that were set aside, too" in text
    assert "a small set may get no validation or test file" in text
