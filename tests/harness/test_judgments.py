"""A judgment set is what its source yields, and every record that cannot be right is named."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from harness.errors import InputError, PluginError
from harness.judgments import read_judgments, select_examples
from harness.records import Example, Judgment, JudgmentInfo, Output, Preference, Scale, Span, digest

Record = Example | Output | Judgment | Preference


class Source:
    """A judgment source over records in memory."""

    def __init__(self, records: Iterable[Any], **info: Any) -> None:
        self.records = list(records)
        self.info = JudgmentInfo(name="demo", version="1", **info)

    def read(self) -> list[Any]:
        return self.records


def example(name: str = "demo/1", **fields: Any) -> Example:
    return Example(id=name, kind="instruction", language="sv", **fields)


def output(system: str, item: str = "demo/1", **fields: Any) -> Output:
    return Output(**{"id": f"{item}/{system}", "example_id": item, "system": system, "text": "Hej", **fields})


def judgment(system: str = "a", value: Any = 2.0, **fields: Any) -> Judgment:
    return Judgment(**{"output_id": f"demo/1/{system}", "rater": "anna", "criterion": "fluency", "value": value, **fields})


def preference(a: str = "a", b: str = "b", **fields: Any) -> Preference:
    pair = {"output_a": f"demo/1/{a}", "output_b": f"demo/1/{b}"}
    return Preference(**{**pair, "rater": "anna", "criterion": "fluency", "winner": "a", **fields})


BASE: list[Record] = [example(), output("a"), output("b")]
SCALE = Scale(low=1, high=3)


def test_a_set_holds_the_records_in_their_order_and_their_digest() -> None:
    records = [*BASE, judgment(value=3.0, scale=SCALE), judgment("b", None), preference()]
    data = read_judgments(Source(records))
    assert (*data.examples, *data.outputs, *data.judgments, *data.preferences) == tuple(records)
    assert data.digest == digest(records)
    assert data.label == f"demo@{digest(records)[:12]}"
    assert (data.systems, data.criteria) == (("a", "b"), ("fluency",))


def test_criteria_stand_in_the_sources_order_then_others_sorted() -> None:
    records = [*BASE, *(judgment(criterion=name) for name in ("z", "y", "meaning", "fluency"))]
    assert read_judgments(Source(records, criteria=("meaning", "unseen", "fluency"))).criteria == ("meaning", "fluency", "y", "z")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ([example()], "example 'demo/1' occurs twice"),
        ([output("a")], "output 'demo/1/a' occurs twice"),
        ([output("c", example_id="demo/9")], "'demo/1/c' answers example 'demo/9', which is not there"),
        ([output("a", id="other")], "'demo/1/a' and 'other' are both sample 0 of system 'a' on 'demo/1'; number the samples"),
        ([judgment("x")], "rating of 'demo/1/x' by 'anna' on 'fluency': there is no such output"),
        ([judgment(), judgment(value=1.0)], "rating of 'demo/1/a' by 'anna' on 'fluency' occurs twice"),
        ([judgment(value=4.0, scale=SCALE)], "is 4, off its scale 1 to 3"),
        ([judgment(value=0, scale=SCALE)], "is 0, off its scale 1 to 3"),
        ([judgment(value=float("nan"))], "is nan; write None"),
        ([judgment(value=float("inf"))], "is inf; write None"),
        ([judgment(span=Span(start=0, end=4))], "its span ends at 4, the text has 3 characters"),
        (
            [judgment(scale=SCALE), judgment("b", scale=Scale(low=1, high=3, direction="down"))],
            "'demo/1/b'.*has the direction 'down', others on it 'up'",
        ),
        ([preference(b="x")], "there is no output 'demo/1/x'"),
        (
            [example("demo/2"), output("b", "demo/2"), preference(output_b="demo/2/b")],
            "the two outputs answer different examples",
        ),
        (
            [preference(), preference("b", "a", winner="tie")],
            "preference of 'anna' between 'demo/1/b' and 'demo/1/a'.*occurs twice",
        ),
        (["text"], "a judgment source yields records, got str"),
    ],
)
def test_a_record_that_cannot_be_right_is_named(extra: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^demo: .*{message}"):
        read_judgments(Source([*BASE, *extra]))


def test_a_source_without_outputs_is_refused() -> None:
    with pytest.raises(InputError, match="demo: it holds no outputs"):
        read_judgments(Source([example()]))


def test_a_misspelled_primary_rater_is_named() -> None:
    with pytest.raises(InputError, match=r"no rater 'ana' \(primary\)\. Did you mean 'anna'"):
        read_judgments(Source([*BASE, judgment()], primary_rater="ana"))


@pytest.mark.parametrize(
    ("records", "count"),
    [
        ([judgment(span=Span(start=0, end=1)), judgment(span=Span(start=0, end=3))], 2),
        ([judgment(), judgment(criterion="meaning"), judgment(rater="bo")], 3),
        ([judgment(value="good"), judgment("b", None)], 2),
    ],
    ids=["several spans", "several criteria and raters", "labels and missing ratings"],
)
def test_what_looks_double_and_is_not_passes(records: list[Judgment], count: int) -> None:
    assert len(read_judgments(Source([*BASE, *records])).judgments) == count


def test_samples_of_one_system_are_told_apart_by_their_numbers() -> None:
    data = read_judgments(Source([*BASE, output("a", id="second", sample=1)]))
    assert [o.sample for o in data.outputs] == [0, 0, 1]


SETS = {"machine": ("a", "c"), "human": ("b",)}


@pytest.mark.parametrize(
    ("systems", "kept"),
    [("machine", ["a"]), ("b", ["b"]), (["a", "b"], ["a", "b"]), (["machine", "human"], ["a", "b"]), (None, ["a", "b"])],
)
def test_systems_keeps_named_sets_and_systems_with_what_was_said_of_them(systems: Any, kept: list[str]) -> None:
    records = [*BASE, judgment("a"), judgment("b"), preference()]
    data = read_judgments(Source(records, system_sets=SETS), systems=systems)
    assert [o.system for o in data.outputs] == kept
    assert [j.output_id for j in data.judgments] == [f"demo/1/{system}" for system in kept]
    assert len(data.preferences) == (1 if len(kept) == 2 else 0)


@pytest.mark.parametrize("systems", ["machin", ["a", "machin"]])
def test_an_unknown_system_is_answered_with_the_nearest(systems: Any) -> None:
    with pytest.raises(InputError, match=r"no system or system set 'machin'\. Did you mean 'machine'"):
        read_judgments(Source(BASE, system_sets=SETS), systems=systems)


@pytest.mark.parametrize(
    ("records", "note"),
    [
        ([*BASE, example("demo/2"), output("a", "demo/2")], "system 'b' has no output on 1 of 2 items; those pairs are left out"),
        ([example(), output("a")], "there is one system only ('a'): nothing can be compared within an item"),
        (
            [example(references=("Hej",)), output("a"), output("b", text="Nej")],
            "system 'a' equals a reference on 1 of 1 items (100.0%)",
        ),
        ([*BASE, judgment(value=None)], "every rating on 'fluency' is missing"),
        ([*BASE, judgment(), judgment("b")], "all 2 ratings on 'fluency' are 2.0: people tie everything"),
    ],
)
def test_notes_say_what_a_reader_should_know(records: list[Record], note: str) -> None:
    assert any(text.startswith(note) for text in read_judgments(Source(records)).notes)


def test_the_sources_notes_come_first_and_a_plain_set_adds_none() -> None:
    data = read_judgments(Source([*BASE, judgment(), judgment("b", 1.0)], notes=("read me",)))
    assert data.notes == ("read me",)


def test_a_system_that_equals_the_reference_on_half_of_the_items_is_not_warned_of() -> None:
    records = [
        *(example(f"demo/{n}", references=("Hej",)) for n in (1, 2)),
        *(output(s, f"demo/{n}", text="Hej" if n == 1 else s) for n in (1, 2) for s in "ab"),
    ]
    assert read_judgments(Source(records)).notes == ()


def test_selected_examples_keep_their_outputs_and_what_was_said_of_those() -> None:
    other = [example("demo/2"), output("a", "demo/2"), output("b", "demo/2")]
    elsewhere = judgment(output_id="demo/2/a")
    data = read_judgments(Source([*BASE, *other, judgment(), elsewhere, preference()]))
    kept = select_examples(data, ["demo/2", "unknown"])
    assert [e.id for e in kept.examples] == ["demo/2"]
    assert [o.id for o in kept.outputs] == ["demo/2/a", "demo/2/b"]
    assert (kept.judgments, kept.preferences) == ((elsewhere,), ())
    assert (kept.digest, kept.info) == (data.digest, data.info)


def test_reading_twice_gives_the_same_digest_and_another_rating_another() -> None:
    make: Callable[[float], str] = lambda value: read_judgments(Source([*BASE, judgment(value=value)])).digest  # noqa: E731
    assert make(2.0) == make(2.0)
    assert make(2.0) != make(3.0)


class Stranger:
    def __init__(self, records, info=None):
        self.info = JudgmentInfo(name="stranger", version="1") if info is None else info
        self._records = records

    def read(self):
        return self._records()


def test_a_source_that_raises_is_named_with_what_it_had_read() -> None:
    def records():
        yield Example(id="e", kind="instruction", language="sv")
        raise RuntimeError("the disk is gone")

    with pytest.raises(PluginError, match=r"stranger: reading failed after 1 records: RuntimeError: the disk is gone"):
        read_judgments(Stranger(records))


def test_a_field_of_the_wrong_type_is_named_though_the_record_was_made_in_python() -> None:
    wrong = Output(id="o", example_id="e", system=7)  # type: ignore[arg-type]
    with pytest.raises(PluginError, match=r"stranger: .*Expected `str`, got `int` - at `\$.system`"):
        read_judgments(Stranger(lambda: [Example(id="e", kind="instruction", language="sv"), wrong]))


def test_a_source_without_an_info_is_refused() -> None:
    with pytest.raises(PluginError, match=r"its info must be a JudgmentInfo, got \{\}"):
        read_judgments(Stranger(list, info={}))


def test_who_compares_pairs_need_not_have_every_system_on_every_item() -> None:
    class Pairs:
        info = JudgmentInfo(name="pairs", version="1")

        def read(self) -> list[Any]:
            records: list[Any] = []
            for item, systems in (("1", "ab"), ("2", "bc")):
                records.append(Example(id=item, kind="instruction", language="sv"))
                ids = [f"{item}/{system}" for system in systems]
                records += [Output(id=id, example_id=item, system=id[-1], text=id) for id in ids]
                records.append(Preference(output_a=ids[0], output_b=ids[1], rater="r", criterion="c", winner="a"))
            return records

    assert read_judgments(Pairs()).notes == ()
