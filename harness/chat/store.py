"""Replies of language models, kept for good: what was received once is never asked again, and every raw reply can be read.

<cache folder>/replies.sqlite    one file for all models; `harness cache prune` leaves it alone
<cache folder>/replies.asking/   who is asking now
"""

import hashlib
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.cache import default_folder
from harness.chat.kept_tokens import NONE, KeptTokens
from harness.chat.messages import Reply, ReplyStatus, Request
from harness.chat.store_database import Database
from harness.errors import InputError

KEPT: frozenset[ReplyStatus] = frozenset({"ok", "refused", "cut-off"})  # replies: what came back as an answer, of whatever use
_FORMAT = 1
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_AT_ONCE = 1000


class _Stored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A reply as it lies in the database; new fields go to the end."""

    status: ReplyStatus
    text: str | None
    tokens: msgspec.Raw
    finish: str | None
    tokens_in: int | None
    tokens_out: int | None
    price: float | None
    seconds: float | None
    received: float | None
    detail: str | None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that came back, or the failure to get it: for audit. `raw`: the bytes of the reply, None without one."""

    key: str
    model: str
    request: Request
    reply: Reply
    raw: bytes | None


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was sent again although the first may have been billed: when (seconds since 1970), and why."""

    key: str
    at: float
    why: str


class ReplyStore:
    """The replies in a folder, which need not exist yet (by default the cache's). Safe for threads, processes and kills.

    Raises StoreProblem where the file cannot be read or written. `timeout`: seconds to wait for another process's writing.
    """

    def __init__(self, folder: str | Path | None = None, *, timeout: float = 60.0) -> None:
        self.folder = Path(folder).expanduser() if folder is not None else default_folder()
        self.database = Database(self.folder, timeout)

    def __repr__(self) -> str:
        return f"ReplyStore({str(self.folder)!r})"

    @staticmethod
    def key_of(name: str, request: Request) -> str:
        """What replies of the model `name` to this request are kept under, see `key_of`."""
        return key_of(name, request)

    @staticmethod
    def keys_of(name: str, requests: Iterable[Request]) -> list[str]:
        """The keys of several requests, in less time than one by one."""
        return keys_of(name, requests)

    def get(self, keys: Sequence[str]) -> dict[str, Reply]:
        """The replies that were received for these keys: ok ones, refusals and cut-off ones; `errors` has the others."""
        wanted = {bytes.fromhex(key): key for key in sorted(keys)}  # in the file's order, in which no page is read twice
        rows = self._rows("SELECT key, reply FROM replies WHERE key IN ({})", wanted)
        decode = msgspec.msgpack.Decoder(_Stored).decode
        found = {}
        for raw, data in rows:
            key = wanted[raw]
            found[key] = _reply(key, decode(data))
        return found

    def errors(self, keys: Sequence[str]) -> dict[str, Reply]:
        """The last failure of each key that has one. They are for audit, and a reason to ask again."""
        wanted = {bytes.fromhex(key): key for key in keys}
        rows = self._rows("SELECT key, reply, max(id) FROM kept WHERE reply IS NOT NULL AND key IN ({}) GROUP BY key", wanted)
        return {wanted[raw]: decode_reply(wanted[raw], data) for raw, data, _ in rows}

    def put(self, key: str, request: Request, reply: Reply, raw: bytes | str | None, *, name: str = "") -> None:
        """Keeps a reply of the model `name`, on disk when this returns. The first one under a key is the one that counts."""
        self.put_many([(key, request, reply, raw)], name=name)

    def put_many(self, rows: Iterable[tuple[str, Request, Reply, bytes | str | None]], *, name: str = "") -> None:
        """Keeps several, all or none."""
        listed = list(rows)

        def work(db: Any) -> None:
            for key, request, reply, raw in listed:
                insert(db, key, name, request, reply, raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw)

        self.database.write(work)
        self.database.sync()

    def raw(self, key: str) -> bytes | None:
        """The bytes of the reply that counts for this key, as they arrived; None where there are none."""
        rows = self._all("SELECT raw FROM kept WHERE key = ? AND reply IS NULL ORDER BY id LIMIT 1", bytes.fromhex(key))
        return _unpacked(rows[0][0]) if rows else None

    def audit(self, *, model: str | None = None, statuses: Iterable[ReplyStatus] | None = None) -> Iterator[Kept]:
        """Everything that ever came back, failures and refusals too, in the order of their arrival."""
        wanted = frozenset(statuses) if statuses is not None else None
        sql = (
            "SELECT id, key, model, request, reply, raw FROM kept WHERE id > ? AND (? IS NULL OR model = ?) ORDER BY id LIMIT 200"
        )
        last = 0
        while True:
            rows = self._all(sql, last, model, model)
            if not rows:
                return
            received = self.get([row[1].hex() for row in rows])
            for last, raw_key, name, request, failure, raw in rows:  # noqa: B007  # `last` is where the next query goes on
                key = raw_key.hex()
                reply = received[key] if failure is None else decode_reply(key, failure)
                reply = msgspec.structs.replace(reply, tokens=tuple(reply.tokens))  # for those who write it down
                if wanted is None or reply.status in wanted:
                    asked = msgspec.json.decode(zlib.decompress(request), type=Request)
                    yield Kept(key=key, model=name, request=asked, reply=reply, raw=_unpacked(raw))

    def repeats(self) -> list[Repeat]:
        """Every request that was sent again although the first may have been billed (`possibly-billed-twice`)."""
        rows = self._all("SELECT key, at, why FROM repeats ORDER BY id")
        return [Repeat(key=key.hex(), at=at, why=why) for key, at, why in rows]

    def _all(self, sql: str, *values: Any) -> list[tuple]:
        return self.database.read(lambda db: db.execute(sql, values).fetchall(), [])

    def _rows(self, sql: str, keys: dict[bytes, str]) -> list[tuple]:
        listed = list(keys)

        def look(db: Any) -> list[tuple]:
            rows: list[tuple] = []
            for start in range(0, len(listed), _AT_ONCE):
                some = listed[start : start + _AT_ONCE]
                rows += db.execute(sql.format(",".join("?" * len(some))), some).fetchall()
            return rows

        return self.database.read(look, []) if listed else []


def keys_of(name: str, requests: Iterable[Request]) -> list[str]:
    """`key_of` for each; requests that share their parameters, as those of a batch do, take less time."""
    last: dict[str, Any] | None = None
    plain: Any = None
    keys = []
    for request in requests:
        if request.params is not last:
            last, plain = request.params, _encoded_once(request.params)
        keys.append(_digest(name, request, plain))
    return keys


def key_of(name: str, request: Request) -> str:
    """sha256, as hex, of the model's name and the request: equal requests to one model have one key, in every process.

    Raises InputError for parameters that no JSON can hold.
    """
    return _digest(name, request, _checked_plain(request.params))


def _checked_plain(params: dict[str, Any]) -> Any:
    try:
        return _plain(params)
    except TypeError as error:
        raise _not_plain(error) from None


def _encoded_once(params: dict[str, Any]) -> Any:
    """The parameters as the bytes that they are in a key; those that hold half a character as they are."""
    plain = _checked_plain(params)
    try:
        return msgspec.Raw(_ENCODER.encode(plain))
    except UnicodeEncodeError:
        return plain
    except TypeError as error:
        raise _not_plain(error) from None


def _digest(name: str, request: Request, plain: Any) -> str:
    try:
        parts = (_FORMAT, name, request.messages, plain, request.sample, request.choices)
        return hashlib.sha256(_ENCODER.encode(parts)).hexdigest()
    except UnicodeEncodeError:  # half a character: it gets a key like any other text
        texts = [(role, text.encode("utf-8", "surrogatepass")) for role, text in request.messages]
        return hashlib.sha256(_ENCODER.encode((_FORMAT, name, texts, *parts[3:]))).hexdigest()
    except TypeError as error:
        raise _not_plain(error) from None


def _not_plain(error: TypeError) -> InputError:
    return InputError(f"the parameters of a call are text, numbers, lists and mappings: {error}")


def insert(db: Any, key: str, name: str, request: Request, reply: Reply, raw: bytes | None) -> Reply:
    """Keeps a reply within a transaction; returns the one that counts, an earlier one where another process was faster."""
    raw_key = bytes.fromhex(key)
    data = _ENCODER.encode(_stored(reply))
    counts = reply.status in KEPT
    if counts:
        new = db.execute("INSERT OR IGNORE INTO replies VALUES (?, ?)", (raw_key, data)).rowcount
        if not new:
            (data,) = db.execute("SELECT reply FROM replies WHERE key = ?", (raw_key,)).fetchone()
            reply = decode_reply(key, data)
    asked = zlib.compress(_encoded(request), 1)
    packed = zlib.compress(raw, 1) if raw is not None else None
    at = reply.received if reply.received is not None else time.time()
    row = (raw_key, name, at, reply.status, asked, None if counts else data, packed)
    db.execute("INSERT INTO kept (key, model, at, status, request, reply, raw) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return reply


def decode_reply(key: str, data: bytes) -> Reply:
    """A reply as it was stored under the key."""
    return _reply(key, msgspec.msgpack.decode(data, type=_Stored))


def _reply(key: str, kept: _Stored) -> Reply:
    return Reply(
        key=key,
        status=kept.status,
        text=kept.text,
        tokens=KeptTokens(kept.tokens) if kept.tokens != NONE else (),
        finish=kept.finish,
        tokens_in=kept.tokens_in,
        tokens_out=kept.tokens_out,
        price=kept.price,
        seconds=kept.seconds,
        received=kept.received,
        detail=kept.detail,
    )


def _stored(reply: Reply) -> _Stored:
    numbers = (reply.tokens_in, reply.tokens_out, reply.price, reply.seconds, reply.received)
    return _Stored(
        reply.status, reply.text, msgspec.Raw(_ENCODER.encode(tuple(reply.tokens))), reply.finish, *numbers, reply.detail
    )


def _encoded(request: Request) -> bytes:
    try:
        return msgspec.json.encode(request)
    except UnicodeEncodeError:
        texts = tuple((role, whole_text(text)) for role, text in request.messages)
        return msgspec.json.encode(msgspec.structs.replace(request, messages=texts))


def whole_text(text: str) -> str:
    """The text with U+FFFD for half characters, which no UTF-8 can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unpacked(raw: bytes | None) -> bytes | None:
    return zlib.decompress(raw) if raw is not None else None


def _plain(value: Any) -> Any:
    """Numbers that are equal get one form: 0.0 as 0, as they compare."""
    if type(value) is float:
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
