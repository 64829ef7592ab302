"""What was begun in a training's folder, by which the same training is told from another."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import InputError
from harness.store import stage_id


class Begun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was begun in a folder: `params` are those that can change the result, `examples` is their digest."""

    trainer: str
    version: str
    params: dict[str, Any]
    examples: str
    n: int

    @property
    def stage(self) -> str:
        return stage_id([self.examples], {"trainer": self.trainer, **self.params}, self.version)


def refuse_another(home: Path, before: Begun | None, now: Begun, defaults: Mapping[str, Any]) -> None:
    """InputError unless what was begun in the folder is this very training. `defaults`: of parameters that were not given."""
    if before is None or before.stage != now.stage:
        told = "unknown which" if before is None else "; ".join(_changes(before, now, defaults))
        raise InputError(
            f"{home} holds a training of other examples or parameters ({told}); give the training another name, or delete the "
            "folder"
        )


def read_begun(marker: Path) -> Begun | None:
    """What a folder's marker tells; None without one."""
    try:
        return msgspec.json.decode(marker.read_bytes(), type=Begun)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _changes(before: Begun, now: Begun, defaults: Mapping[str, Any]) -> Iterator[str]:
    """What is not as it was, in words."""
    for key in ("trainer", "version"):
        if getattr(before, key) != getattr(now, key):
            yield f"{key} was {getattr(before, key)} and is {getattr(now, key)}"
    for key in sorted({*before.params, *now.params}):
        then, value = ([held.params[key]] if key in held.params else [] for held in (before, now))
        if _plain(then) != _plain(value):
            usual = f" ({defaults[key]!r:.80} by default)" if key in defaults else ""
            told = [f"{found[0]!r:.80}" if found else f"not given{usual}" for found in (then, value)]
            yield f"{key} was {told[0]} and is {told[1]}"
    if before.examples != now.examples:
        digests = f"those of the digest {before.examples[:12]} and are those of {now.examples[:12]}"
        counts = f"{before.n:,} and are {now.n:,}"
        yield f"the examples were {counts if before.n != now.n else digests}"


def _plain(value: Any) -> bytes:
    """As a record holds it: the order of a mapping's keys is no difference."""
    return msgspec.json.encode(value, order="sorted", enc_hook=str)
