"""Prices from the shipped table and the user's, and the most tokens that a request can have."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chat.messages import Request
from harness.chat.prices import Price, find_price, most_tokens, read_prices
from harness.config import shipped
from harness.errors import ConfigError


def test_every_shipped_price_has_a_date_and_a_source() -> None:
    prices = read_prices(shipped("configs") / "judge" / "prices.yaml")
    assert len({(price.model, price.host) for price in prices}) == len(prices) > 5
    for price in prices:
        assert price.date is not None
        assert price.date.startswith("20")
        assert price.source is not None
        assert price.source.startswith("https://")


def test_a_price_holds_for_its_host_only() -> None:
    price = find_price("gpt-4o-mini", "api.openai.com")
    assert price is not None
    assert (price.tokens_in, price.tokens_out) == (0.15, 0.60)
    assert price.usd(1_000_000, 500_000) == 0.45
    assert find_price("gpt-4o-mini", "other.example") is None


def test_the_users_table_comes_first_and_then_that_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, common = tmp_path / "mine.yaml", tmp_path / "common.yaml"
    mine.write_text(
        "- {model: gpt-4o-mini, in: 1, out: 2}\n- {model: mine, host: '*.example:8000', in: 0, out: 0}\n", encoding="utf-8"
    )
    common.write_text(
        "- {model: gpt-4o-mini, in: 3, out: 4}\n- {model: common, in: 5, out: 6, date: 2026-01-02}\n", encoding="utf-8"
    )
    monkeypatch.setenv("HARNESS_PRICES", str(common))
    found = [find_price(name, "a.example:8000", mine) for name in ("gpt-4o-mini", "mine", "common", "none")]
    assert [price and (price.tokens_in, price.tokens_out) for price in found] == [(1, 2), (0, 0), (5, 6), None]
    assert found[2] == Price(model="common", tokens_in=5, tokens_out=6, date="2026-01-02")
    without = find_price("gpt-4o-mini", "a.example:8000")
    assert without is not None
    assert without.tokens_in == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model: x", "a table of prices is a list"),
        ("- {in: 1, out: 2}", "entry 1 names no model"),
        ("- {model: x, in: 1}", r"entry 1 \(x\): 'out' is a price in USD per million tokens \(at most 10,000\), got None"),
        ("- {model: x, in: -1, out: 1}", "'in' is a price"),
        ("- {model: x, in: .inf, out: 1}", "'in' is a price"),
        ("- {model: x, in: 1, out: 1}\n- {model: y, input: 1, in: 1, out: 1}", r"entry 2 \(y\): unknown key 'input'"),
        ("- [", "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_used_is_named_with_its_entry(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        find_price("x", "h", path)
    assert str(path) in str(caught.value)


def test_money_is_counted_in_whole_units_and_rounded_up() -> None:
    price = Price(model="m", tokens_in=0.0375, tokens_out=1 / 3)
    assert price.picos(1000, 0) == 37_500_000
    assert price.picos(0, 1) == 333_334


@given(st.text(), st.text())
def test_a_request_has_no_more_tokens_than_bytes_and_what_surrounds_them(system: str, user: str) -> None:
    request = Request(messages=(("system", system), ("user", user)), params={"max_tokens": 7})
    said = len(system.encode("utf-8", "surrogatepass")) + len(user.encode("utf-8", "surrogatepass"))
    assert most_tokens(request) == (said + 64 + 2 * 16, 7)


def test_schemas_count_and_a_reply_without_a_limit_has_none() -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "verdict"}}
    plain = Request(messages=(("user", "x"),))
    with_schema = Request(messages=(("user", "x"),), params={"response_format": schema})
    assert most_tokens(plain) == (81, None)
    assert most_tokens(with_schema)[0] - 81 >= len('{"type":"json_schema","json_schema":{"name":"verdict"}}')
    assert most_tokens(Request(messages=(), params={"max_tokens": 5, "max_completion_tokens": 9})) == (64, 9)
    with pytest.raises(ConfigError, match="max_tokens is a whole number"):
        most_tokens(Request(messages=(), params={"max_tokens": "many"}))
