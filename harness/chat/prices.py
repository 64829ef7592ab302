"""What a call costs: the price of a model on a host, from the user's table or the one that is shipped."""

import datetime
import math
import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
import yaml

from harness.chat.messages import Request
from harness.config import shipped
from harness.errors import ConfigError

VARIABLE = "HARNESS_PRICES"
PICO = 10**12  # money is counted in whole billionths of a thousandth of a dollar, so that sums are exact
_DEAREST = 10_000  # USD per million tokens; what is more is a slip, and its sums would pass 64 bits
_LONGEST = 10**8  # tokens
_ASIDE = 64  # tokens that a chat template may put around a conversation …
_ASIDE_MESSAGE = 16  # … and around each message
_PLAIN = frozenset({"model", "messages", "temperature", "max_tokens", "max_completion_tokens", "seed", "top_p"})


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """USD per million tokens of a model's messages (`tokens_in`) and replies, and where and when that was read."""

    model: str
    tokens_in: float
    tokens_out: float
    host: str = "*"
    date: str | None = None
    source: str | None = None

    @property
    def is_free(self) -> bool:
        """Whether nothing is ever billed."""
        return not (self.tokens_in or self.tokens_out)

    def usd(self, tokens_in: int, tokens_out: int) -> float:
        """What so many tokens cost."""
        return self.picos(tokens_in, tokens_out) / PICO

    def picos(self, tokens_in: int, tokens_out: int) -> int:
        """The same as a whole number of 1e-12 USD, rounded up."""
        return math.ceil(tokens_in * self.tokens_in * 1e6) + math.ceil(tokens_out * self.tokens_out * 1e6)


def find_price(model: str, host: str, user_table: str | Path | None = None) -> Price | None:
    """The price of a model on a host: from the user's table, the one in HARNESS_PRICES, or the shipped one; None where unknown.

    Raises ConfigError for a table that cannot be used, with its file and entry.
    """
    tables = [user_table, os.environ.get(VARIABLE), shipped("configs") / "judge" / "prices.yaml"]
    for table in tables:
        for price in read_prices(Path(table).expanduser()) if table else ():
            if price.model == model and fnmatchcase(host, price.host):
                return price
    return None


def read_prices(path: Path) -> list[Price]:
    """The entries of a table in their order; ConfigError names the file and the entry that cannot be used."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: the table of prices cannot be read ({error})") from None
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: a table of prices is a list of entries such as `- {{model: NAME, in: 0.15, out: 0.60}}`")
    return [_price(path, number, entry) for number, entry in enumerate(entries, start=1)]


def most_tokens(request: Request) -> tuple[int, int | None]:
    """The most tokens that a request can have, and the most that its reply can have (None: it has no limit).

    No tokenizer of these services makes more tokens than there are bytes of UTF-8; schemas and tools among the parameters count.
    """
    said = sum(len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass")) for _, text in request.messages)
    more = {name: value for name, value in request.params.items() if name not in _PLAIN}
    aside = len(msgspec.json.encode(more)) if more else 0
    limits = [request.params[name] for name in ("max_completion_tokens", "max_tokens") if request.params.get(name) is not None]
    for limit in limits:
        if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= _LONGEST:
            raise ConfigError(f"max_tokens is a whole number of tokens, got {limit!r}")
    tokens_out = max(limits) if limits else None
    return said + aside + _ASIDE + _ASIDE_MESSAGE * len(request.messages), tokens_out


def _price(path: Path, number: int, entry: Any) -> Price:
    where = f"{path}: entry {number}"
    if not isinstance(entry, dict) or not isinstance(entry.get("model"), str):
        raise ConfigError(
            f"{where} names no model: an entry is `{{model: NAME, in: 0.15, out: 0.60}}`, in USD per million tokens"
        )
    unknown = sorted(str(name) for name in set(entry) - {"model", "host", "in", "out", "date", "source"})
    if unknown:
        raise ConfigError(f"{where} ({entry['model']}): unknown key {unknown[0]!r}; known: model, host, in, out, date, source")
    for name in ("in", "out"):
        value = entry.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _DEAREST:
            said = f"{name!r} is a price in USD per million tokens (at most {_DEAREST:,}), got {value!r}"
            raise ConfigError(f"{where} ({entry['model']}): {said}")
    date = entry.get("date")
    return Price(
        model=entry["model"],
        host=str(entry.get("host", "*")).lower(),
        tokens_in=float(entry["in"]),
        tokens_out=float(entry["out"]),
        date=date.isoformat() if isinstance(date, datetime.date) else date and str(date),
        source=entry.get("source"),
    )
