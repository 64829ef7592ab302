"""Replies are kept under what was asked of whom, the first one counts, and everything can be read again."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cache import Cache
from harness.cache_upkeep import clear
from harness.chat.messages import Reply, Request, TokenProbability
from harness.chat.store import ReplyStore, key_of
from harness.chat.store_owners import Owner, is_asking
from harness.errors import InputError, StoreProblem


def said(text: str, **params: object) -> Request:
    return Request(messages=(("user", text),), params=params)


def reply(key: str, text: str = "ja", **more: object) -> Reply:
    return Reply(**{"key": key, "status": "ok", "text": text, **more})  # type: ignore[arg-type]


FULL = {
    "tokens": (TokenProbability(token="j", logprob=-0.5, top=(("j", -0.5), ("å", -1.25))),),
    "finish": "stop",
    "tokens_in": 3,
    "tokens_out": 4,
    "price": 0.25,
    "seconds": 1.5,
    "received": 1e9,
    "detail": "x",
}


def test_a_reply_comes_back_whole_from_another_store_object(tmp_path: Path) -> None:
    store, key = ReplyStore(tmp_path), key_of("m@h", said("hej"))
    store.put(key, said("hej"), reply(key, **FULL), b"raw \xff", name="m@h")
    again = ReplyStore(tmp_path)
    assert again.get([key, key_of("m@h", said("other"))]) == {key: reply(key, **FULL)}
    assert again.raw(key) == b"raw \xff"


@pytest.mark.parametrize("status", ["refused", "cut-off"])
def test_refusals_and_cut_off_replies_are_served_as_what_they_are(tmp_path: Path, status: str) -> None:
    store, key = ReplyStore(tmp_path), key_of("m", said("hej"))
    store.put(key, said("hej"), reply(key, status=status), "raw")
    assert store.get([key])[key].status == status


def test_errors_are_kept_apart_and_the_last_one_is_told(tmp_path: Path) -> None:
    store, key = ReplyStore(tmp_path), key_of("m", said("hej"))
    for detail in ("one", "two"):
        store.put(key, said("hej"), Reply(key=key, status="error", detail=detail), None)
    assert store.get([key]) == {}
    assert store.errors([key]) == {key: Reply(key=key, status="error", detail="two")}
    store.put(key, said("hej"), reply(key), "raw")
    assert store.get([key])[key].text == "ja"
    assert [(kept.reply.status, kept.raw) for kept in store.audit()] == [("error", None), ("error", None), ("ok", b"raw")]
    assert [kept.reply.detail for kept in store.audit(statuses=["error"])] == ["one", "two"]


def test_the_first_reply_under_a_key_counts_and_a_later_one_is_kept_for_audit(tmp_path: Path) -> None:
    store, key = ReplyStore(tmp_path), key_of("m", said("hej"))
    store.put(key, said("hej"), reply(key, "first"), "raw first")
    store.put(key, said("hej"), reply(key, "second"), "raw second")
    assert (store.get([key])[key].text, store.raw(key)) == ("first", b"raw first")
    assert [kept.raw for kept in store.audit()] == [b"raw first", b"raw second"]


def test_thousands_of_keys_are_read_at_once(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path)
    keys = [key_of("m", said(str(number))) for number in range(2345)]
    store.put_many(((key, said("x"), reply(key, str(number)), None) for number, key in enumerate(keys)), name="m")
    found = store.get([*keys, key_of("m", said("none"))])
    assert [found[key].text for key in keys] == [str(number) for number in range(2345)]
    assert len(found) == 2345
    assert sum(1 for _ in store.audit(model="m")) == 2345
    assert list(store.audit(model="other")) == []


def test_reading_makes_no_file_and_a_folder_that_cannot_be_written_can_be_read(tmp_path: Path) -> None:
    assert ReplyStore(tmp_path / "no").get(["00" * 32]) == {}
    assert not (tmp_path / "no").exists()
    store, key = ReplyStore(tmp_path / "yes"), key_of("m", said("hej"))
    store.put(key, said("hej"), reply(key), "raw")
    store.database.close()
    (tmp_path / "yes").chmod(0o500)
    try:
        assert ReplyStore(tmp_path / "yes").get([key])[key].text == "ja"
        if os.geteuid() != 0:  # nothing is unwritable for root
            with pytest.raises(StoreProblem, match="cannot be written"):
                ReplyStore(tmp_path / "yes").put(key, said("hej"), reply(key), "raw")
    finally:
        (tmp_path / "yes").chmod(0o700)


def test_a_damaged_file_is_said_so_and_not_asked_around(tmp_path: Path) -> None:
    (tmp_path / "replies.sqlite").write_bytes(b"not a database, but long enough to be one " * 100)
    with pytest.raises(
        StoreProblem, match=r"replies\.sqlite cannot be read \(file is not a database\): the file is damaged; move it"
    ):
        ReplyStore(tmp_path).get(["00" * 32])


def test_a_lock_that_is_not_given_up_is_said_so(tmp_path: Path) -> None:
    store, key = ReplyStore(tmp_path, timeout=0.1), key_of("m", said("hej"))
    store.put(key, said("hej"), reply(key), "raw")
    other = sqlite3.connect(tmp_path / "replies.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreProblem, match=r"another process has been writing for 0\.1 seconds"):
        store.put(key, said("hej"), reply(key), "raw")
    other.close()
    assert store.get([key])[key].text == "ja"


def test_a_newer_format_is_not_touched(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "replies.sqlite")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreProblem, match="its format is 99"):
        ReplyStore(tmp_path).get(["00" * 32])


def test_pruning_the_cache_beside_it_leaves_the_replies(tmp_path: Path) -> None:
    store, key = ReplyStore(tmp_path), key_of("m", said("hej"))
    store.put(key, said("hej"), reply(key), "raw")
    Cache(tmp_path).put("k", b"v")
    clear(tmp_path)
    assert ReplyStore(tmp_path).get([key])[key].text == "ja"


def test_threads_share_a_store(tmp_path: Path) -> None:
    store = ReplyStore(tmp_path)
    keys = [key_of("m", said(str(number))) for number in range(80)]

    def put(some: list[str]) -> None:
        for key in some:
            store.put(key, said("x"), reply(key, key), "raw")

    threads = [threading.Thread(target=put, args=(keys[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key: found.text for key, found in store.get(keys).items()} == {key: key for key in keys}


json_params = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=5), lambda x: st.lists(x, max_size=3)
    ),
    max_size=4,
)


@settings(max_examples=40)
@given(st.text(), json_params, st.integers(0, 9))
def test_equal_requests_have_one_key_whatever_the_order_of_parameters(text: str, params: dict, sample: int) -> None:
    request = Request(messages=(("user", text),), params=params, sample=sample)
    turned = Request(messages=(("user", text),), params=dict(reversed(params.items())), sample=sample)
    assert key_of("m", request) == key_of("m", turned)
    assert len(bytes.fromhex(key_of("m", request))) == 32


def test_a_whole_number_and_the_same_as_a_fraction_are_one_parameter() -> None:
    assert key_of("m", said("x", temperature=0)) == key_of("m", said("x", temperature=0.0))
    assert key_of("m", said("x", temperature=0)) != key_of("m", said("x", temperature=0.5))


def test_everything_that_a_reply_depends_on_is_in_the_key() -> None:
    base = Request(messages=(("system", "a"), ("user", "b")), params={"seed": 1})
    others = [
        Request(messages=(("system", "ab"), ("user", "")), params={"seed": 1}),
        Request(messages=(("user", "a"), ("user", "b")), params={"seed": 1}),
        Request(messages=(("system", "a"), ("user", "b")), params={"seed": 2}),
        Request(messages=(("system", "a"), ("user", "b")), params={"seed": "1"}),
        Request(messages=(("system", "a"), ("user", "b")), params={"seed": 1}, sample=1),
        Request(messages=(("system", "a"), ("user", "b")), params={"seed": 1}, choices=("1", "2")),
    ]
    keys = {key_of("m", request) for request in [base, *others]} | {key_of("n", base)}
    assert len(keys) == len(others) + 2


def test_the_key_of_a_request_stays_the_same_over_versions() -> None:
    """A change here would have every stored reply asked and paid for again."""
    request = Request(messages=(("system", "Du är domare."), ("user", "å")), params={"temperature": 0, "max_tokens": 5}, sample=1)
    assert key_of("m@h", request) == "90a34dc0fd9fe47cd4ab59763104348d53c011bf5ac8905193727474a91dd376"


def test_parameters_that_no_json_holds_are_refused() -> None:
    with pytest.raises(InputError, match="the parameters of a call are text, numbers, lists and mappings"):
        key_of("m", said("x", stop=object()))


def test_an_owner_lives_until_it_closes_and_what_a_killed_one_left_is_taken_away(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    assert is_asking(tmp_path, owner.token)
    owner.close()
    assert not is_asking(tmp_path, owner.token)
    (tmp_path / "left").touch()
    assert not is_asking(tmp_path, "left")
    assert not (tmp_path / "left").exists()
