"""Retrievers of others are held to what they promise: what is broken is told with the retriever, the query and the rule."""

import sys

import numpy as np
import pytest
from harness_plugins.retro.retrievers.base import Found, Queries, open_retriever
from numbered import numbered

from harness.errors import PluginError

NAN = float("nan")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return numbered(tmp_path_factory.mktemp("checked") / "db", [[1, 2, 3, 4, 5], [6, 7], [8, 9, 10]])


class Says:
    """A retriever that answers the same to everything."""

    signature = "retriever:says"

    def __init__(self, database, answer=None, error=None):
        self.answer, self.error = answer, error

    def search(self, queries, k):
        if self.error:
            raise OSError(self.error)
        return self.answer


def search(database, monkeypatch, **params):
    module = type(sys)("strange_retrievers")
    module.Says = Says
    monkeypatch.setitem(sys.modules, "strange_retrievers", module)
    queries = Queries(np.array([[1, 2, 3, 4], [6, 7, 0, 0]], np.int32), np.array([4, 2], np.int32), np.array([0, 1]))
    return open_retriever(database, "strange_retrievers:Says", params).search(queries, 2)


def found(numbers, scores=((2.0, 1.0), (2.0, 1.0))):
    return Found(np.array(numbers), np.array(scores))


def test_a_right_answer_passes_unchanged(database, monkeypatch):
    answer = found([[2, 3], [0, -1]], [[2, 1], [0.5, NAN]])
    assert search(database, monkeypatch, answer=answer) is answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, r"`search` returns Found\(numbers, scores\), got NoneType"),
        (found([[2, 3]], [[2.0, 1.0]]), r"2 queries have 2 neighbours each, .*; got numbers \(1, 2\)"),
        (found([[2], [0]], [[2.0], [1.0]]), r"2 queries have 2 neighbours each"),
        (found([[2.0, 3.0], [0.0, 1.0]]), r"numbers are whole and scores are not, got float64"),
        (found([[2, 3], [0, 4]]), r"query 1: neighbours are chunks from 0 to 3, or -1; got 4"),
        (found([[2, -2], [0, 1]]), r"query 0: neighbours are chunks from 0 to 3, or -1; got -2"),
        (found([[2, 3], [0, 2]]), r"query 1: no neighbour is a chunk of the query's own document"),
        (found([[3, 3], [0, 1]]), r"query 0: a chunk is a neighbour once, not twice"),
        (found([[2, 3], [0, 1]], [[2, 1], [1, 2.5]]), r"query 1: neighbours come best first"),
        (found([[2, 3], [0, 1]], [[2, NAN], [2, 1]]), r"query 0: a neighbour has a score, got nan"),
        (found([[2, -1], [0, 1]]), r"query 0: where there is no neighbour there is no score"),
        (found([[-1, 3], [0, 1]], [[NAN, 1], [2, 1]]), r"query 0: behind a -1 there is only -1"),
    ],
)
def test_a_broken_rule_is_told_with_the_query(database, monkeypatch, answer, said):
    with pytest.raises(PluginError, match=rf"retriever 'strange_retrievers:Says'.*{said}"):
        search(database, monkeypatch, answer=answer)


def test_what_a_strange_retriever_raises_is_told_in_its_words(database, monkeypatch):
    with pytest.raises(PluginError, match=r"'strange_retrievers:Says' failed at queries 0 to 1: OSError: the line is dead"):
        search(database, monkeypatch, error="the line is dead")


def test_a_parameter_that_a_strange_retriever_does_not_take_is_told(database, monkeypatch):
    with pytest.raises(PluginError, match=r"'strange_retrievers:Says' has no parameter 'answers'. Did you mean 'answer'\?"):
        search(database, monkeypatch, answers=1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:thing", "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'"),
        ("json:no_such", "cannot be loaded: AttributeError: module 'json' has no attribute 'no_such'"),
        ("json:dumps", "Object of type Database is not JSON serializable"),
        ("builtins:repr", "gave a str, which has no `signature`"),
        ("bm52", "is none of bm25, dense, hybrid, nor `package.module:name`. Did you mean 'bm25'"),
        ("a:b:c", "cannot be loaded: ModuleNotFoundError: No module named 'a'"),
        ("../evil:thing", "cannot be loaded: "),
        ("raising:thing", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("building:Thing", "LookupError: no such shelf"),
    ],
)
def test_a_retriever_that_cannot_be_had_is_told_with_the_cause(database, tmp_path, monkeypatch, name, said):
    (tmp_path / "raising.py").write_text("1 / 0\n")
    (tmp_path / "bm25.py").write_text("1 / 0\n")
    (tmp_path / "building.py").write_text("def Thing(database):\n    raise LookupError('no such shelf')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PluginError) as raised:
        open_retriever(database, name)
    assert repr(name) in str(raised.value)
    assert said in str(raised.value)
