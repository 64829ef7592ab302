"""The study itself in its database: put there once with its items; later only its texts may change."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, inspect, select, update

from harness.annotate.contents import Contents, now
from harness.annotate.items import Items
from harness.annotate.schema import VERSION, Database, audit_table, examples_table, outputs_table, study_table
from harness.annotate.study import Study
from harness.errors import InputError
from harness.records import Example, JudgmentInfo, Output, from_json, to_json


def stored_study(database: Database) -> Study | None:
    """The study that a database holds; None where there is none yet."""
    with database.reading() as connection:
        return study_in(connection) if inspect(connection).has_table(study_table.name) else None


def study_in(connection: Connection) -> Study | None:
    """The same, where the tables are there."""
    row = connection.execute(select(study_table)).one_or_none()
    if row is None:
        return None
    if row.version != VERSION:
        raise InputError(f"the database was written by another version (format {row.version}, this program reads {VERSION})")
    return msgspec.json.decode(row.study, type=Study)


def write_study(connection: Connection, study: Study, items: Items) -> None:
    """Puts a new study and its items into empty tables."""
    values = {"id": 1, "version": VERSION, "study": _json(study), "created_at": now(), "next_number": 0}
    values["source"] = None if items.info is None else to_json(items.info).decode()
    connection.execute(insert(study_table).values(**values))
    for table, records in ((examples_table, items.examples), (outputs_table, items.outputs)):
        rows = [{"position": place, "record": to_json(record).decode()} for place, record in enumerate(records)]
        connection.execute(insert(table), rows)
    connection.execute(insert(audit_table).values(at=now(), event="study made"))


def update_texts(connection: Connection, study: Study, place: str) -> None:
    """Takes over the texts of the study as it is now; InputError if more than texts has changed since it was made."""
    stored = study_in(connection)
    if stored is None:
        raise InputError(f"{place}: the study vanished while it was opened; try again")
    current = msgspec.structs.replace(study, raters=stored.raters)  # the shares of the items were made for these
    for key, was in _fixed(stored).items():
        if _fixed(current)[key] != was:
            raise InputError(
                f"{place} holds the study {stored.name!r} with another `{key}`; what is rated cannot change once raters may have "
                "begun. Put it back, or start the changed study under another name (or with another --db)"
            )
    for complaint in _turned(stored, current):
        raise InputError(f"{place} holds the study {stored.name!r}: {complaint}")
    connection.execute(update(study_table).values(study=_json(current)))


def _turned(stored: Study, current: Study) -> Iterator[str]:
    """Changes of words that would give the answers already there another meaning, or none."""
    if stored.cannot_judge and not current.cannot_judge:
        yield "it lets raters say that they cannot judge, and some may have; put `cannot_judge: true` back"
    for was, now_ in zip(stored.criteria, current.criteria, strict=True):
        for language, words in was.anchors.items():
            for place, word in enumerate(now_.anchors.get(language, ())):
                if word and word in words and word != words[place]:
                    yield (
                        f"the anchor {word!r} of {was.name!r} ({language}) moved from {was.low + words.index(word)} to "
                        f"{was.low + place}, which would turn the answers already given; words may change, their order may not"
                    )


def forget_name(connection: Connection, pseudonym: str) -> None:
    """Takes a rater's name out of the stored study; their place stays, nameless, since the shares of the items go by places."""
    stored = study_in(connection)
    if stored is not None and pseudonym in stored.raters:
        names = tuple("" if name == pseudonym else name for name in stored.raters)
        connection.execute(update(study_table).values(study=_json(msgspec.structs.replace(stored, raters=names))))


def read_contents(connection: Connection) -> Contents:
    """The study and its items."""
    study = study_in(connection)
    if study is None:
        raise InputError("the database holds no study")
    lines = connection.execute(select(examples_table.c.record).order_by(examples_table.c.position)).scalars()
    examples = {example.id: example for example in (from_json(line, Example) for line in lines)}
    lines = connection.execute(select(outputs_table.c.record).order_by(outputs_table.c.position)).scalars()
    outputs = {output.id: output for output in (from_json(line, Output) for line in lines)}
    source = connection.execute(select(study_table.c.source)).scalar_one()
    return Contents(study, examples, outputs, None if source is None else from_json(source, JudgmentInfo))


def _fixed(study: Study) -> dict[str, Any]:
    """What must stay as it is once raters may have begun: everything but the words on the page and who takes part."""
    known = [[(item.text, item.pair, item.instruction, item.source, item.reference, item.expected) for item in items]
             for items in (study.training, study.checks.items)]  # fmt: skip
    compare = study.compare
    return {
        "name": study.name,
        "criteria": [(c.name, c.low, c.high, c.direction) for c in study.criteria],
        "compare": None if compare is None else ([c.name for c in compare.criteria], compare.ties, compare.per_item),
        "show": study.show,
        "training": known[0],
        "checks": (known[1], study.checks.count),
        "overlap": study.overlap,
        "items": study.items,
        "order": study.order,
        "seed": study.seed,
    }


def _json(study: Study) -> str:
    return msgspec.json.encode(study).decode()
