"""Languages of many fragments at once are those of each alone."""

import pytest
from harness_plugins.datasets.native_text.fragment import Fragment, Reason, first_reasons
from harness_plugins.datasets.native_text.fragments import fragments
from harness_plugins.datasets.native_text.fragments_languages import foreign_language
from harness_plugins.datasets.native_text.reading import documents, text_source

pytest.importorskip("py3langid")

SWEDISH = "Kommunen beslutade i höstas att skolan skall byggas ut. Arbetet börjar till våren och väntas ta två år."
ENGLISH = "The council decided last autumn that the school is to be extended. Work begins in spring and will take two years."
DANISH = "Kommunen besluttede i efteråret, at skolen skal udbygges. Arbejdet begynder til foråret og ventes at tage to år."


def fragment(text: str, language: str = "sv") -> Fragment:
    return Fragment("x", "x", (), text, 0, len(text), (), language)


def test_each_of_many_is_judged_beside_its_own_language():
    asked = [fragment(SWEDISH), fragment(ENGLISH), fragment(DANISH), fragment(ENGLISH, "en-GB"), fragment("Never mind.")]

    found = foreign_language.many(asked)

    assert found == [None, Reason("foreign-language", "en"), Reason("foreign-language", "da"), None, None]
    assert found == [foreign_language(one) for one in asked]


def test_a_language_that_the_model_does_not_know_is_not_judged():
    assert foreign_language(fragment(ENGLISH, "tlh")) is None


def test_many_are_asked_only_what_no_filter_before_has_named():
    class Asked:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def __call__(self, one: Fragment) -> Reason | None:
            return self.many([one])[0]

        def many(self, some: list[Fragment]) -> list[Reason | None]:
            self.seen += [one.text for one in some]
            return [Reason("asked") for _ in some]

    last = Asked()
    reasons = first_reasons([fragment("a"), fragment("b")], [lambda one: Reason("is-a") if one.text == "a" else None, last])

    assert [reason.code for reason in reasons if reason] == ["is-a", "asked"]
    assert last.seen == ["b"]


def test_the_books_fragments_are_judged_as_py3langid_judges_each_text(shared_data, monkeypatch):
    """Against the package itself, text by text, as it was done before: block by block and whole."""
    import py3langid

    monkeypatch.setenv("HARNESS_DATA", str(shared_data))
    book = documents(text_source("copyright-finns-inte"))
    chapter = next(one for one in book if one.id.endswith("en-cybernetisk-utopi"))  # which quotes English at length
    found = [one for one in fragments(chapter, block_filters=(), filters=()) if isinstance(one, Fragment)]
    assert len(found) > 50

    def likelier(text: str) -> str | None:
        ranked = py3langid.rank(text)
        scores = dict(ranked)
        best, top = ranked[0]
        return best if len(text.split()) >= 12 and best != "sv" and top - scores["sv"] > 5 else None

    expected = []
    for one in found:
        texts = [one.text, *(chapter.text[block.start : block.end] for block in one.blocks)]
        expected.append(next((name for name in map(likelier, texts) if name is not None), None))
    assert expected.count("en") > 5
    assert [reason and reason.detail for reason in foreign_language.many(found)] == expected
