"""The store of answers, on SQLite and on a real PostgreSQL server."""

import hashlib
import os
import re
import stat
import threading
from pathlib import Path

import msgspec
import pytest
import yaml
from rating_study import write_study
from sqlalchemy import create_engine, text

from harness.annotate.errors import ClientIdReused, ConsentNeeded, InvalidAnswers, NotYet, UnknownRater, UnknownTask
from harness.annotate.store import Store, default_path, open_store
from harness.annotate.study_file import load_study
from harness.annotate.views import Task
from harness.errors import InputError

ALL_TWO = {"naturalness": 2, "relatedness": 2, "correctness": 2}


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    return write_study(tmp_path)


@pytest.fixture
def store(study_file: Path, database: str) -> Store:
    return open_store(load_study(study_file), database)


def begun(store: Store, pseudonym: str = "anna"):
    return store.record_consent(store.rater(pseudonym), "sv")


def answer(store: Store, rater, task: Task, value: int = 2, client_id: str | None = None, **more):
    answers = dict.fromkeys(task.criteria, value)
    return store.save_answer(rater, task.id, answers, client_id=client_id or f"client-{task.id}", **more)


def test_a_new_study_has_the_raters_of_its_file_each_with_all_tasks(store: Store) -> None:
    assert [rater.pseudonym for rater in store.raters()] == ["anna", "bo", "cia"]
    progress = store.progress(store.rater("bo"))
    assert (progress.training_done, progress.training_total) == (0, 1)
    assert (progress.main_done, progress.main_total, progress.next_position) == (0, 4 * 2, 1)


def test_a_rater_is_known_by_a_token_that_is_not_stored(store: Store, database: str) -> None:
    token = store.add_rater("dora")
    assert len(token) >= 43  # 256 bits in base64
    assert store.rater_by_token(token).pseudonym == "dora"
    for wrong in ("", token[:-1], token + "A", hashlib.sha256(token.encode()).hexdigest(), "\ud800", "' OR 1=1 --"):
        assert store.rater_by_token(wrong) is None
    assert token not in everything_in(database)


def test_a_new_link_replaces_the_old_one(store: Store) -> None:
    old = store.add_rater("dora")
    new = store.new_token("dora")
    assert store.rater_by_token(old) is None
    assert store.rater_by_token(new).pseudonym == "dora"
    owner = store.new_owner_token()
    assert store.is_owner(owner)
    assert not store.is_owner(new)
    assert store.rater_by_token(owner) is None
    store.new_owner_token()
    assert not store.is_owner(owner)


def test_nothing_is_shown_or_stored_before_consent(store: Store) -> None:
    rater = store.rater("anna")
    for forbidden in (lambda: store.next_task(rater), lambda: store.task(rater, 1), lambda: store.tasks_of(rater)):
        with pytest.raises(ConsentNeeded):
            forbidden()
    task_id = store.steps(rater)[0].id
    with pytest.raises(ConsentNeeded):
        store.save_answer(rater, task_id, ALL_TWO, client_id="client-0001")
    assert store.last_answers() == []
    assert begun(store).consented_at is not None
    assert store.next_task(rater).position == 1


def test_a_changed_consent_text_is_to_be_agreed_to_again(store: Store, study_file: Path, database: str) -> None:
    begun(store)
    changed = load_study(study_file)
    changed = msgspec.structs.replace(changed, consent={"sv": "Något annat.", "en": "Something else."})
    again = open_store(changed, database)
    assert again.rater("anna").consented_at is None
    with pytest.raises(ConsentNeeded):
        again.next_task(again.rater("anna"))


def test_tasks_name_no_system_and_their_ids_tell_nothing(store: Store) -> None:
    tasks = store.tasks_of(begun(store))
    shown = msgspec.json.encode(tasks).decode()
    for word in ("alfa-7b", "beta-2b", "mini/", "check", "expected"):
        assert word not in shown
    assert [task.phase for task in tasks] == ["training", *["main"] * 8]
    assert [task.position for task in tasks] == list(range(1, 10))
    assert {task.instruction for task in tasks[1:]} == {f"Besvara fråga nummer {n}." for n in range(4)}
    assert all(task.references == () for task in tasks)  # the study shows instruction and source


def test_no_task_id_is_a_number_to_a_spreadsheet(store: Store) -> None:
    ids = [step.id for rater in store.raters() for step in store.steps(rater)]
    assert all(re.fullmatch("t[0-9a-f]{16}", task_id) for task_id in ids)


def test_ids_made_before_they_began_with_a_letter_are_still_taken(store: Store, database: str) -> None:
    rater = begun(store)
    with connected(database) as connection:
        connection.execute(text("UPDATE tasks SET id = '00000000000000e1' WHERE rater_id = :r AND position = 1"), {"r": rater.id})
        connection.commit()
    assert answer(store, rater, store.next_task(rater)).task_id == "00000000000000e1"


def test_an_answer_is_stored_and_the_next_task_follows(store: Store) -> None:
    rater = begun(store)
    training = store.next_task(rater)
    saved = store.save_answer(rater, training.id, {**ALL_TWO, "correctness": 1}, client_id="client-0001")
    assert (saved.position, saved.next_position, saved.duplicate, saved.changed) == (1, 2, False, False)
    assert saved.feedback.right is False
    assert saved.feedback.wrong == ("naturalness", "relatedness")
    assert saved.feedback.expected == {"naturalness": (3,), "relatedness": (3,), "correctness": (1,)}
    assert "Stockholm" in saved.feedback.text["sv"]
    task = store.next_task(rater)
    saved = answer(store, rater, task, 3, seconds=4.25, note="  Bra.\n")
    assert saved.feedback is None
    stored = store.last_answers()[-1]
    assert (stored.answers, stored.note, stored.seconds) == (dict.fromkeys(task.criteria, 3), "Bra.", 4.25)
    assert store.task(rater, 2).answers == dict.fromkeys(task.criteria, 3)


def test_the_same_submission_twice_is_stored_once(store: Store, database: str) -> None:
    rater = begun(store)
    task = store.next_task(rater)
    first = answer(store, rater, task)
    again = answer(store, rater, task)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.next_position == first.next_position == 2
    assert count(database, "answers") == 1


def test_a_submission_that_comes_again_late_does_not_undo_a_change(store: Store) -> None:
    rater = begun(store)
    task = store.next_task(rater)
    answer(store, rater, task, 1, "client-first")
    changed = answer(store, rater, task, 3, "client-second")
    assert changed.changed
    assert answer(store, rater, task, 1, "client-first").duplicate  # the network delivers the first one again
    assert store.task(rater, 1).answers == dict.fromkeys(task.criteria, 3)


def test_history_is_kept_and_the_last_answer_counts(store: Store, database: str) -> None:
    rater = begun(store)
    task = store.next_task(rater)
    for turn, value in enumerate((1, 2, 3, 2)):
        answer(store, rater, task, value, f"client-{turn}")
    [last] = store.last_answers()
    assert (last.revision, set(last.answers.values())) == (4, {2})
    assert count(database, "answers") == 4


def test_an_older_answer_that_arrives_late_is_kept_but_does_not_count(store: Store, database: str) -> None:
    rater = begun(store)
    task = store.next_task(rater)
    assert not answer(store, rater, task, 3, "client-newer", client_time="2026-01-01T10:00:05.000Z").changed
    for turn, second in enumerate((1, 2)):
        late = answer(store, rater, task, 1, f"client-late-{turn}", client_time=f"2026-01-01T10:00:0{second}.000Z")
        assert (late.changed, late.duplicate) == (False, False)
    assert answer(store, rater, task, 1, "client-late-0", client_time="2026-01-01T10:00:01.000Z").duplicate
    assert store.task(rater, 1).answers == dict.fromkeys(task.criteria, 3)
    assert count(database, "answers") == 3
    assert answer(store, rater, task, 2, "client-newest", client_time="2026-01-01T11:00:06+01:00").changed is True
    assert store.task(rater, 1).answers == dict.fromkeys(task.criteria, 2)


@pytest.mark.parametrize("clock", ["2999-01-01T00:00:00Z", "i morgon", None])
def test_a_clock_that_is_ahead_or_unreadable_does_not_lock_an_answer(store: Store, clock: str | None) -> None:
    rater = begun(store)
    task = store.next_task(rater)
    answer(store, rater, task, 1, "client-first", client_time=clock)
    assert answer(store, rater, task, 3, "client-second", client_time=clock).changed
    assert store.task(rater, 1).answers == dict.fromkeys(task.criteria, 3)


def test_a_client_id_stores_one_answer_only(store: Store) -> None:
    rater = begun(store)
    task = store.next_task(rater)
    answer(store, rater, task, 1, "client-0001")
    with pytest.raises(ClientIdReused):
        answer(store, rater, task, 2, "client-0001")
    with pytest.raises(ClientIdReused):
        answer(store, rater, store.next_task(rater), 1, "client-0001")


def test_tasks_are_answered_in_their_order_and_can_be_gone_back_to(store: Store) -> None:
    rater = begun(store)
    later = store.tasks_of(rater)[2]
    with pytest.raises(NotYet, match="the next one to answer is number 1"):
        answer(store, rater, later)
    with pytest.raises(NotYet):
        store.task(rater, 3)
    answer(store, rater, store.next_task(rater))
    assert store.task(rater, 1).answers == ALL_TWO
    for position in (0, -1, 10):
        with pytest.raises((UnknownTask, NotYet)):
            store.task(rater, position)


def test_another_raters_task_is_not_there(store: Store) -> None:
    anna, bo = begun(store, "anna"), begun(store, "bo")
    for task_id in (store.next_task(bo).id, "x", "", "0" * 16, "\ud800"):
        with pytest.raises(UnknownTask):
            store.save_answer(anna, task_id, ALL_TWO, client_id="client-0001")
    assert store.last_answers() == []


@pytest.mark.parametrize(
    ("answers", "problems"),
    [
        ({}, {"naturalness", "relatedness", "correctness"}),
        ({**ALL_TWO, "correctness": 4}, {"correctness"}),
        ({**ALL_TWO, "correctness": "2"}, {"correctness"}),
        ({**ALL_TWO, "correctness": True}, {"correctness"}),
        ({**ALL_TWO, "correctness": None}, {"correctness"}),
        ({**ALL_TWO, "fluency": 2}, {"fluency"}),
    ],
)
def test_answers_that_do_not_fit_are_named_and_not_stored(store: Store, answers, problems) -> None:
    rater = begun(store)
    with pytest.raises(InvalidAnswers) as caught:
        store.save_answer(rater, store.next_task(rater).id, answers, client_id="client-0001")
    assert set(caught.value.problems) == problems
    assert store.last_answers() == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("client_id", "kort"), ("client_id", "a b c d e f"), ("seconds", -1.0), ("seconds", float("nan")), ("note", "x" * 2_001)],
)
def test_what_comes_with_an_answer_is_checked_too(store: Store, key, value) -> None:
    rater = begun(store)
    with pytest.raises(InvalidAnswers) as caught:
        store.save_answer(rater, store.next_task(rater).id, ALL_TWO, **{"client_id": "client-0001", key: value})
    assert set(caught.value.problems) == {key}


def test_any_text_can_be_a_comment(store: Store) -> None:
    rater = begun(store)
    note = "'); DROP TABLE answers; -- <script>\x00 \ud800 åäö 🎈"
    answer(store, rater, store.next_task(rater), note=note)
    assert store.last_answers()[0].note == note.replace("\ud800", "?")


def test_cannot_judge_is_an_answer_where_the_study_allows_it(tmp_path: Path, database: str) -> None:
    store = open_store(load_study(write_study(tmp_path, cannot_judge=True)), database)
    rater = begun(store)
    store.save_answer(rater, store.next_task(rater).id, {**ALL_TWO, "correctness": None}, client_id="client-0001")
    assert store.last_answers()[0].answers == {**ALL_TWO, "correctness": None}


def test_a_rater_added_later_moves_nothing(store: Store) -> None:
    before = {rater.pseudonym: store.steps(rater) for rater in store.raters()}
    store.add_rater("dora")
    assert {rater.pseudonym: store.steps(rater) for rater in store.raters()[:3]} == before
    with pytest.raises(InputError, match="there is a rater 'dora' already"):
        store.add_rater("dora")
    with pytest.raises(InputError, match="is no pseudonym"):
        store.add_rater("Dora Example <dora@example.org>")


@pytest.mark.parametrize("name", ["19600101-1234", "600101-1234", "6001011234", "196001611234", "r-19600101-1234"])
def test_an_identity_number_is_no_pseudonym(store: Store, name: str) -> None:
    with pytest.raises(InputError, match="no identity number"):
        store.add_rater(name)


def test_a_pseudonym_differs_from_others_in_more_than_capitals(store: Store) -> None:
    with pytest.raises(InputError, match="differs from the rater 'anna' in capitals only"):
        store.add_rater("ANNA")
    store.add_rater("r-20261122")  # a date is no identity number


def test_a_study_opened_again_goes_on_where_it_was(store: Store, study_file: Path, database: str) -> None:
    rater = begun(store)
    answer(store, rater, store.next_task(rater))
    steps = store.steps(rater)
    store.close()
    study_file.with_name("items.jsonl").unlink()  # the database holds the items
    again = open_store(load_study(study_file), database)
    assert again.new_tokens == {}
    assert again.steps(again.rater("anna")) == steps
    assert again.next_task(again.rater("anna")).position == 2


def test_what_is_rated_cannot_change_but_words_can(store: Store, study_file: Path, database: str) -> None:
    store.close()
    written = yaml.safe_load(study_file.read_text())
    study_file.write_text(yaml.safe_dump({**written, "title": {"sv": "Ny titel", "en": "New title"}}))
    assert open_store(load_study(study_file), database).study.title["sv"] == "Ny titel"
    study_file.write_text(yaml.safe_dump({**written, "seed": 8}))
    with pytest.raises(InputError, match="with another `seed`"):
        open_store(load_study(study_file), database)


def test_words_that_would_turn_answers_already_given_cannot_change(tmp_path: Path, database: str) -> None:
    def study(anchors: list[str], **changes: object):
        fluency = {"name": "fluency", "label": {"en": "Fluency"}, "question": {"en": "Fluent?"}, "anchors": {"en": anchors}}
        training: list[object] = []
        return load_study(
            write_study(tmp_path, **{"cannot_judge": True, **changes}, criteria=[fluency], languages=["en"], training=training)
        )

    open_store(study(["bad", "fair", "good"]), database).close()
    with pytest.raises(InputError, match=r"'good' of 'fluency' \(en\) moved from 3 to 1"):
        open_store(study(["good", "fair", "bad"]), database)
    with pytest.raises(InputError, match="put `cannot_judge: true` back"):
        open_store(study(["bad", "fair", "good"], cannot_judge=False), database)
    open_store(study(["poor", "fair", "good"]), database).close()


def test_a_study_that_is_not_there_is_not_made_by_looking(study_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    with pytest.raises(InputError, match="there is no such file"):
        open_store(load_study(study_file), str(path), create=False)
    assert not path.exists()
    assert default_path(load_study(study_file)) == Path("annotations/mini.sqlite")


def test_a_database_file_is_its_owners_alone(study_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "study.sqlite"
    open_store(load_study(study_file), str(path)).close()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_an_address_that_is_no_database_is_said_without_its_password(study_file: Path) -> None:
    for url in ("mysql://anna:hemligt@localhost/x", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(InputError) as caught:
            open_store(load_study(study_file), url)
        assert "hemligt" not in str(caught.value)


def test_deleting_a_rater_erases_what_they_said_and_leaves_a_line_without_it(store: Store, database: str) -> None:
    for pseudonym in ("anna", "bo"):
        rater = begun(store, pseudonym)
        while (task := store.next_task(rater)) is not None:
            answer(store, rater, task, 1 + task.position % 3, note=f"hemlighet av {pseudonym}")
    bo = store.rater("bo")
    kept = [given for given in store.last_answers() if given.rater_id != bo.id]
    assert store.delete_rater("bo") == 9
    assert store.last_answers() == kept
    assert [rater.pseudonym for rater in store.raters()] == ["anna", "cia"]
    with pytest.raises(UnknownRater):
        store.next_task(bo)
    with pytest.raises(UnknownRater):
        store.save_answer(bo, "0" * 16, ALL_TWO, client_id="client-0001")
    dump = everything_in(database)
    assert "hemlighet av bo" not in dump
    assert "hemlighet av anna" in dump
    assert "rater number 1 and 9 answers erased" in dump
    assert "'bo'" not in dump
    assert '"anna"' in dump
    assert '"bo"' not in dump


def test_deleted_words_are_not_left_in_the_file(study_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    store = open_store(load_study(study_file), str(path))
    rater = begun(store, "bo")
    answer(store, rater, store.next_task(rater), note="hemlighet")
    on_disk = b"".join(file.read_bytes() for file in tmp_path.glob("study.sqlite*"))
    assert b"hemlighet" in on_disk
    store.delete_rater("bo")
    on_disk = b"".join(file.read_bytes() for file in tmp_path.glob("study.sqlite*"))
    assert b"hemlighet" not in on_disk


def test_the_next_rater_takes_the_share_of_one_that_was_deleted(tmp_path: Path, database: str) -> None:
    study = load_study(write_study(tmp_path, items=9, overlap={"items": 3}))
    store = open_store(study, database)
    held = {rater.pseudonym: {step.outputs for step in store.steps(rater)} for rater in store.raters()}
    assert len(held["anna"] & held["bo"]) == 3 * 2 + 1  # the training item's task names no output
    store.delete_rater("bo")
    store.add_rater("dora")
    assert {step.outputs for step in store.steps(store.rater("dora"))} == held["bo"]


def test_several_raters_at_once_each_get_everything_stored_once(store: Store, database: str) -> None:
    def work(pseudonym: str) -> None:
        rater = begun(store, pseudonym)
        while (task := store.next_task(rater)) is not None:
            answer(store, rater, task)
            answer(store, rater, task)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("anna", "bo", "cia")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database, "answers") == 3 * 9
    assert all(store.progress(rater).finished for rater in store.raters())


def test_one_submission_sent_by_many_threads_at_once_is_stored_once(store: Store, database: str) -> None:
    rater = begun(store)
    task = store.next_task(rater)
    duplicates = []

    def send() -> None:
        duplicates.append(answer(store, rater, task).duplicate)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(duplicates) == [False, *[True] * 7]
    assert count(database, "answers") == 1


def everything_in(database: str) -> str:
    """Every value of every table, as text."""
    with connected(database) as connection:
        tables = ("study", "examples", "outputs", "raters", "tasks", "answers", "audit")
        return repr([[tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))] for table in tables])


def count(database: str, table: str) -> int:
    with connected(database) as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def connected(database: str):
    url = database.replace("postgresql://", "postgresql+psycopg://") if "://" in database else f"sqlite:///{database}"
    return create_engine(url).connect()
