"""Sifting: what stays, what goes and why, whatever the order of rows."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.build import sift as sift_module
from harness.build.config import BuildConfig
from harness.build.evaluation_sets import EvaluationSet
from harness.build.options import ContaminationOptions, DuplicateOptions, FilterOptions, LanguageOptions, SplitOptions
from harness.build.rows import SetAside, instruction_example
from harness.build.sift import Sifted, sift
from harness.errors import InputError
from harness.records import Example, MediaPart, Message, Origin, TextPart

OFF = {
    "languages": LanguageOptions(use=False),
    "filters": FilterOptions(use=False),
    "duplicates": DuplicateOptions(use=False),
    "contamination": ContaminationOptions(use=False),
}
TEXT = """sjön ligger stilla under berget medan vinden drar genom skogen och en gammal båt guppar vid bryggan där barnen fiskar
abborre varje sommar innan hösten kommer med regn över åkrarna kring byn som ingen längre minns namnet på utom byns brevbärare"""
WORDS = TEXT.split()


def quiet(label: str, done: int, total: int) -> None:
    pass


def run(rows: Iterable[Example], folder: Path, against: Sequence[EvaluationSet] = (), **sections: Any) -> Sifted:
    """What sifting yields, with all steps off but those given; the result is exhausted and kept as `rows`."""
    config = BuildConfig(name="t", language="sv", builders=(), output="t", **{**OFF, **sections})
    number = len(list(folder.iterdir()))
    scratch = folder / f"scratch-{number}"
    scratch.mkdir()
    sifted = sift(rows, config, against, scratch, quiet)
    sifted.rows = list(sifted)  # type: ignore[attr-defined]
    assert not [path for path in scratch.rglob("*") if path.is_file() and path.stat().st_size]
    return sifted


def kept(sifted: Sifted) -> list[Example]:
    return [row for row in sifted.rows if isinstance(row, Example)]  # type: ignore[attr-defined]


def aside(sifted: Sifted) -> list[SetAside]:
    return [row for row in sifted.rows if isinstance(row, SetAside)]  # type: ignore[attr-defined]


def row(name: str, instruction: str, response: str, **fields: Any) -> Example:
    return instruction_example(f"t/{name}", instruction, response, language=fields.pop("language", "sv"), **fields)


def sentence(draw: random.Random, words: int) -> str:
    return " ".join(draw.choices(WORDS, k=words)).capitalize() + "."


def test_every_row_comes_out_once_with_a_split_or_a_reason(tmp_path: Path) -> None:
    draw = random.Random(1)
    rows = [row(str(n), sentence(draw, 8), sentence(draw, 15) if n % 5 else "") for n in range(3000)]
    found = run(rows, tmp_path, filters=FilterOptions(), duplicates=DuplicateOptions())
    assert sorted(one.id for one in found.rows) == sorted(one.id for one in rows)  # type: ignore[attr-defined]
    assert {one.split for one in kept(found)} == {"train", "validation", "test"}
    assert {(one.stage, one.reason) for one in aside(found)} == {("filter", "empty-response")}
    assert found.found["rows"] == 3000
    assert found.found["kept"] == len(kept(found)) == 2400
    assert found.found["filters"] == {"empty-response": 600}


texts = st.lists(st.sampled_from(WORDS[:7]), min_size=0, max_size=6).map(" ".join)


@given(st.lists(st.tuples(texts, texts, st.integers(0, 3)), max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_depends_on_the_order_of_rows_and_sifting_again_removes_nothing(
    tmp_path: Path, given_rows: list[tuple[str, str, int]], draw: random.Random
) -> None:
    rows = [row(str(n), a, b, cluster_id=f"doc/{c}") for n, (a, b, c) in enumerate(given_rows)]
    against = [EvaluationSet("e", (("1", "sjön ligger stilla under berget"),))]
    sections = {
        "filters": FilterOptions(),
        "duplicates": DuplicateOptions(near=0.6),
        "contamination": ContaminationOptions(ngram=4, shortest=2),
    }
    first = run(rows, tmp_path, against, **sections)
    shuffled = list(rows)
    draw.shuffle(shuffled)
    again = run(shuffled, tmp_path, against, **sections)
    assert first.rows == again.rows  # type: ignore[attr-defined]
    assert first.found == again.found
    second = run(kept(first), tmp_path, against, **sections)
    assert aside(second) == []
    assert kept(second) == kept(first)


def test_documents_lie_in_one_split_also_where_doubles_were_removed(tmp_path: Path) -> None:
    draw = random.Random(2)
    rows = [row(str(n), sentence(draw, 9), sentence(draw, 12), cluster_id=f"doc/{n // 6}") for n in range(600)]
    rows += [
        row(f"copy-{n}", rows[n].instruction or "", rows[n].references[0].upper(), cluster_id=f"doc/{n % 90}") for n in range(200)
    ]
    found = run(rows, tmp_path, duplicates=DuplicateOptions(), splits=SplitOptions(train=0.6, validation=0.2, test=0.2))
    assert len(kept(found)) == 600
    splits: dict[str, set[str]] = {}
    for one in kept(found):
        splits.setdefault(one.cluster, set()).add(str(one.split))
    assert all(len(names) == 1 for names in splits.values())


def test_a_removed_double_names_the_row_that_stays_and_how_alike_they_are(tmp_path: Path) -> None:
    text = "Det var en gång en liten flicka som bodde i en stuga vid skogens rand med sin mormor och en katt."
    rows = [
        row("a", "Skriv en saga.", text),
        row("b", "SKRIV en saga!", text.upper() + "  "),
        row("c", "Skriv en saga.", text.replace("liten", "stor")),
        row("d", "Berätta något helt annat om bilar.", "Bilar rullar på fyra hjul och drivs av en motor."),
    ]
    found = run(rows, tmp_path, duplicates=DuplicateOptions(near=0.7))
    left = {one.id for one in kept(found)}
    assert len(left) == 2
    assert "t/d" in left
    [stays] = left - {"t/d"}
    details = {one.id: (one.stage, one.reason, one.detail) for one in aside(found)}
    assert all(detail is not None and detail.startswith(stays) for _, _, detail in details.values())
    by_stage = sorted(stage for stage, _, _ in details.values())
    assert by_stage in (["duplicate", "near-duplicate"], ["near-duplicate", "near-duplicate"])
    assert found.found["duplicates"]["clusters"] == 1
    assert found.found["duplicates"]["largest"] == 3


@pytest.mark.parametrize(
    ("one", "other"), [("Straße 5", "STRASSE 5"), ("Café, idé!", "cafe\u0301 ide\u0301"), ("İzmir", "i\u0307ZMIR")]
)
def test_case_and_composition_make_no_difference(tmp_path: Path, one: str, other: str) -> None:
    rows = [row("1", "Var ligger det?", one), row("2", "Var ligger det?", other), row("3", "Var ligger det?", "Nånstans")]
    assert len(kept(run(rows, tmp_path, duplicates=DuplicateOptions(near=None)))) == 2


def test_answers_without_a_letter_are_not_one_answer(tmp_path: Path) -> None:
    rows = [row("up", "Gillar du det?", "👍"), row("down", "Gillar du det?", "👎"), row("again", "Gillar du det!", "👍 ")]
    found = run(rows, tmp_path, duplicates=DuplicateOptions(near=None))
    assert len(kept(found)) == 2


def test_rows_beside_different_images_are_not_doubles(tmp_path: Path) -> None:
    def seen(name: str, uri: str) -> Example:
        parts = (TextPart(text="Vad visar bilden?"), MediaPart(media="image", uri=uri))
        return Example(
            id=name, kind="instruction", language="sv", messages=(Message(role="user", parts=parts),), references=("En katt.",)
        )

    found = run([seen("a", "1.png"), seen("b", "2.png"), seen("c", "2.png")], tmp_path, duplicates=DuplicateOptions())
    assert len(kept(found)) == 2


def shingle_sets_of(text: str) -> set[str]:
    folded = "".join(char for char in text.casefold() if char.isalnum()) + "."
    return {folded[place : place + 5] for place in range(max(1, len(folded) - 4))}


def alike(one: Example, other: Example) -> float:
    """The slow way: the smaller of the similarities of what is asked and of what is answered."""
    found = 1.0
    for left, right in ((one.instruction, other.instruction), (one.references[0], other.references[0])):
        a, b = shingle_sets_of(left or ""), shingle_sets_of(right or "")
        found = min(found, len(a & b) / len(a | b))
    return found


def test_questions_on_one_text_and_answers_that_differ_stay(tmp_path: Path) -> None:
    context = sentence(random.Random(3), 120)
    rows = [
        row("a", f"{context} Var ligger sjön?", "Stilla under berget."),
        row("b", f"{context} Vad fiskar barnen vid bryggan?", "Abborre."),
        row("c", f"{context} Vad fiskar barnen vid bryggan?", "Gädda och någon enstaka gös."),
        row("d", "Vem minns byns namn?", context),
        row("e", "Vilka fiskar vid bryggan på sommaren?", context),
    ]
    found = run(rows, tmp_path, duplicates=DuplicateOptions())
    assert len(kept(found)) == 5
    as_whole = run(rows, tmp_path, duplicates=DuplicateOptions(sides=False))
    assert len(kept(as_whole)) < 5
    assert all(" of what is asked" not in str(one.detail) for one in aside(as_whole))


def test_rows_of_which_both_sides_were_edited_go_and_the_reason_names_both(tmp_path: Path) -> None:
    draw = random.Random(4)
    asked, answered = sentence(draw, 60), sentence(draw, 80)
    rows = [row("a", asked, answered), row("b", asked + " Tack!", answered.replace("berget", "fjället", 1))]
    found = run(rows, tmp_path, duplicates=DuplicateOptions())
    [gone] = aside(found)
    sets = [shingle_sets_of(text) for text in (asked, asked + " Tack!", rows[0].references[0], rows[1].references[0])]
    first, second = (len(a & b) / len(a | b) for a, b in (sets[:2], sets[2:]))
    assert 0.8 <= min(first, second) < 1
    [stays] = kept(found)
    assert gone.detail == f"{stays.id} stays, similarity {first:.3f} of what is asked, {second:.3f} of the response"


def document(name: str, text: str) -> Example:
    return Example(
        id=f"t/{name}", kind="document", language="sv", messages=(Message(role="document", parts=(TextPart(text=text),)),)
    )


def test_documents_are_compared_as_a_whole_and_never_with_answered_rows(tmp_path: Path) -> None:
    text = sentence(random.Random(5), 60)
    rows = [document("a", text), document("b", text + " Slut."), row("c", text, "Ja."), row("d", text, "")]
    found = run(rows, tmp_path, duplicates=DuplicateOptions())
    assert {one.id for one in kept(found)} >= {"t/c", "t/d"}
    assert len(kept(found)) == 3
    [gone] = aside(found)
    assert gone.detail is not None
    assert "similarity 0." in gone.detail
    assert "of what is asked" not in gone.detail


def test_rows_beside_different_images_stay_however_long_the_question_is(tmp_path: Path) -> None:
    question = sentence(random.Random(6), 60)

    def seen(name: str, uri: str) -> Example:
        parts = (TextPart(text=f"{question} {name}"), MediaPart(media="image", uri=uri))
        messages = (Message(role="user", parts=parts),)
        return Example(id=name, kind="instruction", language="sv", messages=messages, references=("En katt.",))

    found = run([seen("a", "1.png"), seen("b", "2.png"), seen("c", "2.png")], tmp_path, duplicates=DuplicateOptions())
    assert {one.id for one in kept(found)} >= {"a"}
    assert len(kept(found)) == 2


@given(st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_goes_and_what_stays_is_as_the_slow_way_finds(tmp_path: Path, data: st.DataObject) -> None:
    """Removed rows are linked to the one that stays through pairs that are alike; of those that stay, no two are."""
    draw = data.draw(st.randoms(use_true_random=False))
    sides = [sentence(draw, n) for n in (3, 12, 30, 30)]
    rows = []
    for number in range(14):
        said = [draw.choice(sides) + draw.choice(["", " Slut.", " Det var allt."]) for _ in range(2)]
        rows.append(row(str(number), *said))
    found = run(rows, tmp_path, duplicates=DuplicateOptions(near=0.7, permutations=1024))
    parents = list(range(len(rows)))
    for one in range(len(rows)):
        for other in range(one):
            if alike(rows[one], rows[other]) >= 0.7 and parents[one] != parents[other]:
                old, new = parents[one], parents[other]
                parents = [new if parent == old else parent for parent in parents]
    cluster = {one.id: parents[number] for number, one in enumerate(rows)}
    assert sorted(cluster[one.id] for one in kept(found)) == sorted(set(parents))
    for one in aside(found):
        assert one.detail is not None
        assert cluster[one.id] == cluster[one.detail.split()[0]]


def test_rows_with_an_answer_that_many_give_go_only_where_they_are_equal(tmp_path: Path) -> None:
    """“Ja.” to questions that differ by one word is what such data are about; a long answer of many rows is not."""
    draw = random.Random(8)
    context = sentence(draw, 80)
    closed = [row(f"yes-{n}", f"{context} Är det {word}?", "Ja.") for n, word in enumerate(WORDS[:30])]
    closed.append(row("again", closed[3].instruction or "", "JA"))
    assert len({one.instruction for one in closed}) == 30
    long = [row(f"long-{n}", f"{context} Är det {word}?", sentence(random.Random(9), 20)) for n, word in enumerate(WORDS[:30])]
    found = run(closed + long, tmp_path, duplicates=DuplicateOptions())
    names = [one.id.split("/")[1].split("-")[0] for one in kept(found)]
    assert names.count("long") == 1
    assert names.count("yes") + names.count("again") == 30
    assert found.found["duplicates"]["closed"] == 30
    few = run(closed[:15], tmp_path, duplicates=DuplicateOptions())
    assert len(kept(few)) == 1


def test_rows_that_share_one_side_are_counted_and_stay(tmp_path: Path) -> None:
    rows = [
        row("1", "Vad heter Sveriges huvudstad?", "Stockholm"),
        row("2", "Vilken är den största staden i landet Sverige?", "Stockholm"),
        row("3", "Nämn ett djur som lever i den svenska skogen.", "Älgen"),
        row("4", "Nämn ett djur som lever i den svenska skogen.", "Haren, eller kanske räven om man har tur"),
    ]
    found = run(rows, tmp_path, duplicates=DuplicateOptions(near=None))
    assert len(kept(found)) == 4
    assert found.found["duplicates"]["same_response"] == 2
    assert found.found["duplicates"]["same_instruction"] == 2


def test_two_different_rows_of_one_id_end_the_build_naming_both_origins(tmp_path: Path) -> None:
    rows = [
        row("1", "Säg hej", "Hej", origin=Origin(builder="template", dataset="a")),
        row("1", "Säg då", "Då", origin=Origin(builder="natural", dataset="b")),
    ]
    with pytest.raises(
        InputError, match=r"'t/1': one from builder '\w+', dataset '[ab]', one from builder '\w+', dataset '[ab]'"
    ):
        run(rows, tmp_path)


@pytest.mark.parametrize("duplicates", [DuplicateOptions(), DuplicateOptions(use=False)])
def test_the_same_row_twice_stays_once(tmp_path: Path, duplicates: DuplicateOptions) -> None:
    found = run([row("1", "Säg hej", "Hej")] * 2, tmp_path, duplicates=duplicates)
    assert [one.id for one in kept(found)] == ["t/1"]
    assert [one.stage for one in aside(found)] == ["duplicate"]


def test_a_half_character_is_told_with_the_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 't/1': a text holds '\\ud83d'"):
        run([row("1", "Säg hej", "Hej \ud83d")], tmp_path)


def test_no_rows_are_no_rows(tmp_path: Path) -> None:
    every = {"filters": FilterOptions(), "duplicates": DuplicateOptions(), "contamination": ContaminationOptions()}
    assert run([], tmp_path, [EvaluationSet("e", (("1", "en text"),))], **every).rows == []  # type: ignore[attr-defined]


SWEDISH = "Regeringen lade i går fram ett förslag om höjda skatter på bensin och diesel från och med årsskiftet."
ENGLISH = "The government yesterday presented a proposal to raise taxes on petrol and diesel from the new year."


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"instruction": SWEDISH, "response": SWEDISH}, None),
        ({"instruction": SWEDISH, "response": ENGLISH}, "other-language"),
        ({"instruction": ENGLISH, "response": SWEDISH}, "other-language"),
        ({"instruction": SWEDISH, "response": "Only five English words here"}, None),
        ({"instruction": ENGLISH, "response": ENGLISH, "language": "en"}, None),
        ({"instruction": ENGLISH, "response": SWEDISH, "meta": {"languages": {"instruction": "en"}}}, None),
        ({"instruction": SWEDISH, "response": SWEDISH, "meta": {"languages": {"instruction": "en"}}}, "other-language"),
        ({"instruction": ENGLISH, "response": ENGLISH, "meta": {"languages": {"instruction": "und", "response": None}}}, None),
        ({"instruction": ENGLISH, "response": SWEDISH, "task": "translation"}, None),
        ({"instruction": SWEDISH, "response": ENGLISH, "task": "translation"}, "other-language"),
        ({"instruction": SWEDISH, "response": f"```\n{ENGLISH} {ENGLISH}\n```\nDet här är koden som skriver ut texten."}, None),
        (
            {"instruction": SWEDISH, "response": f'def f(text: str) -> None:\n    """{ENGLISH}"""\n    print(text)'},
            None,
        ),
        ({"instruction": f"{ENGLISH}\n\nimport json\nprint(json.dumps([]))", "response": SWEDISH}, "other-language"),
        ({"instruction": SWEDISH, "response": f"{ENGLISH} (def class import)\n{ENGLISH}"}, "other-language"),
    ],
)
def test_fields_are_held_against_the_language_they_declare(tmp_path: Path, fields: dict[str, Any], reason: str | None) -> None:
    pytest.importorskip("py3langid")
    found = run([row("1", **fields)], tmp_path, languages=LanguageOptions())
    assert [one.reason for one in aside(found)] == ([] if reason is None else [reason])


def test_fields_looked_at_and_too_short_are_counted(tmp_path: Path) -> None:
    pytest.importorskip("py3langid")
    rows = [row("1", SWEDISH, "Ja."), row("2", SWEDISH + " Varför?", ENGLISH)]
    found = run(rows, tmp_path, languages=LanguageOptions())
    fields = found.found["languages"]["fields"]
    counts = {"not_judged": 0, "code": 0}
    assert fields["instruction"] == {**counts, "looked_at": 2, "too_short": 0, "other": 0, "looks_like": {"sv": 2}}
    assert fields["response"] == {**counts, "looked_at": 1, "too_short": 1, "other": 1, "looks_like": {"en": 1}}
    [gone] = aside(found)
    assert gone.detail is not None
    assert gone.detail.startswith("response is to be sv and looks like en, by ")


def test_without_the_package_languages_are_not_looked_at_and_the_notes_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sift_module, "language_model", lambda: None)
    found = run([row("1", SWEDISH, ENGLISH)], tmp_path, languages=LanguageOptions())
    assert len(kept(found)) == 1
    assert found.notes == [
        "the rows' languages were not looked at: py3langid is not installed (pip install 'metaeval-harness[build]')"
    ]
    assert found.found["languages"] == {"checked": False, "fields": {}}
