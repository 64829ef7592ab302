"""Raters in the database: added with their tasks, found by pseudonym, known by the hash of a token."""

import hashlib
import secrets

from sqlalchemy import Connection, insert, select, update

from harness.annotate.assignment import plan
from harness.annotate.contents import Contents, now, write_steps
from harness.annotate.errors import UnknownRater
from harness.annotate.schema import raters_table, study_table
from harness.annotate.study import is_pseudonym, not_a_pseudonym
from harness.annotate.views import Rater
from harness.errors import InputError, did_you_mean

_TOKEN_BYTES = 32


def add(connection: Connection, held: Contents, pseudonym: str) -> str:
    """Adds a rater with their tasks, on the share of the items that the fewest raters have; returns the token of their link."""
    if not is_pseudonym(pseudonym):
        raise InputError(not_a_pseudonym(pseudonym))
    number = connection.execute(select(study_table.c.next_number).with_for_update()).scalar_one()
    rows = connection.execute(select(raters_table.c.pseudonym, raters_table.c.slot)).all()
    if pseudonym in {row.pseudonym for row in rows}:
        raise InputError(f"there is a rater {pseudonym!r} already; take another pseudonym, or make a new link for this one")
    if near := [row.pseudonym for row in rows if row.pseudonym.casefold() == pseudonym.casefold()]:
        raise InputError(f"{pseudonym!r} differs from the rater {near[0]!r} in capitals only; take another pseudonym")
    taken = [row.slot for row in rows]
    slot = min(range(max(1, len(held.study.raters))), key=lambda slot: (taken.count(slot), slot))
    token = new_token()
    values = {"pseudonym": pseudonym, "number": number, "slot": slot, "token_hash": hashed(token), "added_at": now()}
    added = connection.execute(insert(raters_table).values(**values).returning(raters_table.c.id)).scalar_one()
    connection.execute(update(study_table).values(next_number=number + 1))
    write_steps(connection, added, plan(held.study, held.ordered_outputs, slot=slot, number=number))
    return token


def named(connection: Connection, held: Contents, pseudonym: str) -> Rater:
    """The rater of this pseudonym; UnknownRater naming those that are close."""
    row = connection.execute(select(raters_table).where(raters_table.c.pseudonym == pseudonym)).one_or_none()
    if row is None:
        known = connection.execute(select(raters_table.c.pseudonym)).scalars().all()
        raise UnknownRater(f"there is no rater {pseudonym!r}.{did_you_mean(pseudonym, known)}")
    return held.rater(row)


def current(connection: Connection, held: Contents, rater: Rater, *, lock: bool = False) -> Rater:
    """The rater as the database knows them now; UnknownRater if they were erased. `lock` lets one writer in at a time."""
    query = select(raters_table).where(raters_table.c.id == rater.id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownRater("this rater has been erased from the study")
    return held.rater(row)


def new_token() -> str:
    """256 random bits, as text that can stand in a link."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hashed(token: str) -> str:
    """sha256 of a token, or of any text. Tokens are long and random, so one plain sha256 keeps them secret."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
