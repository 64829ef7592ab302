"""Recorded replies as a file of JSON Lines that a person can read in a diff: what models said, and what they were asked.

    {"kind": "about", "metric": "my-judge:…", "origin": "gpt-4o-mini, asked on 2026-11-22", "models": {}}
    {"kind": "request", "key": "9f…", "judge": "gpt-4o-mini@api.openai.com", "messages": […], "params": {…}}
    {"kind": "reply", "of": ["q1-a"], "judge": "gpt-4o-mini@api.openai.com", "key": "9f…", "text": "VERDICT 482937: 2"}

A reply lies under the key of its request (`harness.chat.store.key_of`), so that a request in which anything has changed finds
none. Only the first request of each kind stands there whole, to be compared with what is asked now: the others differ from it in
the texts that are judged. Keys of services never come near this file: requests do not hold them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.chat.messages import Reply, ReplyStatus, Request, TokenProbability
from harness.chat.store import KEPT, ReplyStore
from harness.errors import InputError
from harness.whole_files import read_file, replace_file


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    pass


class About(_Line, frozen=True, kw_only=True, tag="about"):
    """Where the replies come from; `written`: no model said them.

    `models`: `BACKEND MODEL` as the metric names it → the name its replies are kept under, for models that run where they are
    asked (no server's address names them).
    """

    metric: str
    origin: str
    written: bool = False
    models: dict[str, str] = {}


class Asked(_Line, frozen=True, kw_only=True, tag="request"):
    """A whole request."""

    key: str
    judge: str
    messages: list[tuple[Literal["system", "user", "assistant"], str]]
    params: dict[str, Any] = {}
    sample: int = 0
    choices: list[str] = []


class Said(_Line, frozen=True, kw_only=True, tag="reply"):
    """A reply: `of` the outputs that were shown, in their order, on those `criteria` (none: the only ones there are).

    `tokens`: text, log probability, and the likeliest in its place with theirs.
    """

    of: list[str]
    judge: str
    key: str
    sample: int = 0
    criteria: list[str] = []
    status: ReplyStatus = "ok"
    text: str | None = None
    tokens: list[tuple[str, float, list[tuple[str, float]]]] = []
    finish: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    detail: str | None = None


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """A file of recorded replies."""

    about: About
    requests: tuple[Asked, ...] = ()
    replies: tuple[Said, ...] = ()


def read_transcript(path: Path) -> Transcript:
    """The file's content; InputError naming file and line for what is no such line, a key that is there twice, no first line."""
    try:
        lines = read_file(path).splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}; `harness gate record` writes it") from error
    decoder = msgspec.json.Decoder(About | Asked | Said)
    about: About | None = None
    requests: dict[str, Asked] = {}
    replies: dict[str, Said] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            found = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InputError(f"{where}: {error}") from error
        if isinstance(found, About):
            if about is not None:
                raise InputError(f"{where}: a second line says where the replies come from")
            about = found
            continue
        known: dict[str, Any] = requests if isinstance(found, Asked) else replies
        _check_key(found, known, where)
        known[found.key] = found
    if about is None:
        raise InputError(f'{path}: no line says where the replies come from ({{"kind": "about", …}})')
    return Transcript(about=about, requests=tuple(requests.values()), replies=tuple(replies.values()))


def write_transcript(path: Path, transcript: Transcript) -> None:
    """Writes the file whole, a request before the replies of its kind."""
    lines: Iterable[_Line] = (transcript.about, *transcript.requests, *transcript.replies)
    replace_file(path, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def put_back(transcript: Transcript, store: ReplyStore) -> None:
    """Stores the replies, so that whoever asks the same is told the same."""
    by_judge: dict[str, list[tuple[str, Request, Reply, None]]] = {}
    for line in transcript.replies:
        by_judge.setdefault(line.judge, []).append((line.key, Request(messages=()), replied(line, line.key), None))
    for judge, rows in by_judge.items():
        store.put_many(rows, name=judge)


def replied(line: Said, key: str) -> Reply:
    """The reply that the line holds, under that key."""
    tokens = tuple(TokenProbability(token=token, logprob=logprob, top=tuple(top)) for token, logprob, top in line.tokens)
    return Reply(
        key=key,
        status=line.status,
        text=line.text,
        tokens=tokens,
        finish=line.finish,
        tokens_in=line.tokens_in,
        tokens_out=line.tokens_out,
        detail=line.detail,
    )


def said(of: Iterable[str], judge: str, sample: int, criteria: Iterable[str], reply: Reply) -> Said:
    """The line of a reply. What it cost and how long it took are left out: they are no part of what a score is made of."""
    return Said(
        of=list(of),
        judge=judge,
        key=reply.key,
        sample=sample,
        criteria=list(criteria),
        status=reply.status,
        text=reply.text,
        tokens=[(token.token, token.logprob, list(token.top)) for token in reply.tokens],
        finish=reply.finish,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        detail=reply.detail,
    )


def asked(judge: str, key: str, request: Request) -> Asked:
    """The line of a request."""
    return Asked(
        key=key,
        judge=judge,
        messages=list(request.messages),
        params=request.params,
        sample=request.sample,
        choices=list(request.choices),
    )


def request_of(line: Asked) -> Request:
    """The request that the line holds."""
    return Request(messages=tuple(line.messages), params=line.params, sample=line.sample, choices=tuple(line.choices))


def _check_key(found: Asked | Said, known: dict[str, Any], where: str) -> None:
    if found.key in known:
        raise InputError(f"{where}: the key {found.key!r:.20} is there twice")
    try:
        whole = len(bytes.fromhex(found.key)) == 32
    except ValueError:
        whole = False
    if not whole:
        raise InputError(f"{where}: a key is 64 hexadecimal digits, got {found.key!r:.80}")
    if isinstance(found, Said) and found.status not in KEPT:
        raise InputError(f"{where}: {found.status!r} is no reply; only {', '.join(sorted(KEPT))} are recorded")
