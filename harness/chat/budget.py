"""Who may send what, and what it has cost: a request is claimed before it is sent, and the claim reserves the worst case.

All of it lies in the store's database and is changed in its transactions, so processes share one limit and a kill frees nothing.
Money is in whole 1e-12 USD.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from harness.chat.messages import Reply
from harness.chat.prices import PICO
from harness.chat.store import ReplyStore, decode_reply

if TYPE_CHECKING:
    import sqlite3


class Claim(msgspec.Struct, frozen=True):
    """Whether a request may be sent: `go` (as `flight`; `repeats` says why it may be billed twice), or somebody has it (`have`:
    the reply is there; `taken`: another is asking), or it does not fit (`over`, beside what is `booked` already).
    """

    outcome: Literal["go", "have", "taken", "over"]
    flight: int = 0
    repeats: tuple[str, ...] = ()
    reply: Reply | None = None
    booked: int = 0


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What a purpose has cost, in USD: `spent` by what the replies say; `unsure` at most, for requests whose reply was lost or
    told no usage; `reserved` for what is in flight. Their sum is what a budget is compared with.
    """

    spent: float
    unsure: float
    reserved: float
    calls: int
    tokens_in: int
    tokens_out: int


def claim(
    db: "sqlite3.Connection",
    key: str,
    purpose: str,
    worst: int,
    budget: int | None,
    owner: str,
    seconds: float,
    is_asking: Callable[[str], bool],
) -> Claim:
    """Asks to send a request that may cost `worst`. The claim of an owner that is gone or took over `seconds` hinders nobody."""
    raw = bytes.fromhex(key)
    found = db.execute("SELECT reply FROM replies WHERE key = ?", (raw,)).fetchone()
    if found:
        return Claim("have", reply=decode_reply(key, found[0]))
    now = time.time()
    earlier = db.execute("SELECT id, purpose, reserved, owner, until, why FROM flights WHERE key = ?", (raw,)).fetchall()
    if any(other and now < until and is_asking(other) for _, _, _, other, until, _ in earlier):
        return Claim("taken")
    if budget is not None and (booked := _booked(db, purpose)) + worst > budget:
        return Claim("over", booked=booked)
    for number, whose, reserved, _, _, why in earlier:
        db.execute("DELETE FROM flights WHERE id = ?", (number,))
        _book(db, whose, unsure=reserved)
        db.execute("INSERT INTO repeats (key, at, why) VALUES (?, ?, ?)", (raw, now, why or "the process ended"))
    sql = "INSERT INTO flights (key, purpose, reserved, owner, until) VALUES (?, ?, ?, ?, ?)"
    flight = db.execute(sql, (raw, purpose, worst, owner, now + seconds)).lastrowid
    return Claim("go", flight=flight or 0, repeats=tuple(row[5] or "the process ended" for row in earlier))


def settle(db: "sqlite3.Connection", flight: int, purpose: str, cost: int | None, tokens_in: int, tokens_out: int) -> None:
    """A reply came: its cost takes the place of what was reserved, which stands where the cost is not known (None)."""
    (reserved,) = db.execute("SELECT reserved FROM flights WHERE id = ?", (flight,)).fetchone() or (0,)
    release(db, flight)
    spent, unsure = (0, reserved) if cost is None else (cost, 0)
    _book(db, purpose, spent=spent, unsure=unsure, calls=1, tokens_in=tokens_in, tokens_out=tokens_out)


def release(db: "sqlite3.Connection", flight: int) -> None:
    """The request was not answered and cannot be billed."""
    db.execute("DELETE FROM flights WHERE id = ?", (flight,))


def lose(db: "sqlite3.Connection", flight: int, why: str) -> None:
    """Nobody knows whether the request will be billed: what it may cost stays reserved, and sending it again is a repeat."""
    db.execute("UPDATE flights SET owner = NULL, why = ? WHERE id = ?", (why, flight))


def spending(store: ReplyStore, purpose: str) -> Spending:
    """What a purpose has cost so far, in all sessions of all processes that share the store."""
    nothing = (0, 0, 0, 0, 0)
    sql = "SELECT spent, unsure, calls, tokens_in, tokens_out FROM spending WHERE purpose = ?"
    flying = "SELECT coalesce(sum(reserved), 0), coalesce(sum(iif(owner IS NULL, reserved, 0)), 0) FROM flights WHERE purpose = ?"

    def look(db: "sqlite3.Connection") -> tuple:
        return (*(db.execute(sql, (purpose,)).fetchone() or nothing), *db.execute(flying, (purpose,)).fetchone())

    spent, unsure, calls, tokens_in, tokens_out, reserved, lost = store.database.read(look, (*nothing, 0, 0))
    return Spending(
        spent=spent / PICO,
        unsure=(unsure + lost) / PICO,
        reserved=(reserved - lost) / PICO,
        calls=calls,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
    )


def _booked(db: "sqlite3.Connection", purpose: str) -> int:
    sql = (
        "SELECT coalesce((SELECT spent + unsure FROM spending WHERE purpose = ?1), 0)"
        " + coalesce((SELECT sum(reserved) FROM flights WHERE purpose = ?1), 0)"
    )
    (booked,) = db.execute(sql, (purpose,)).fetchone()
    return booked


def _book(
    db: "sqlite3.Connection",
    purpose: str,
    *,
    spent: int = 0,
    unsure: int = 0,
    calls: int = 0,
    tokens_in: int = 0,
    tokens_out: int = 0,
) -> None:
    sql = (
        "INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (purpose) DO UPDATE SET spent = spent + excluded.spent,"
        " unsure = unsure + excluded.unsure, calls = calls + excluded.calls,"
        " tokens_in = tokens_in + excluded.tokens_in, tokens_out = tokens_out + excluded.tokens_out"
    )
    db.execute(sql, (purpose, spent, unsure, calls, tokens_in, tokens_out))
