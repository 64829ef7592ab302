"""No text of a data set becomes an element, an attribute or a script of its pages."""

import re
from pathlib import Path
from typing import Any

from html_page import Node, parse
from small_builds import AGAINST, config, finish, made

from harness.build.evaluation_sets import EvaluationSet
from harness.build.options import CardOptions
from harness.build.rows import SetAside, instruction_example
from harness.records import Example, Origin
from harness.registry import PluginRef

ATTACK = (
    '<img src=x onerror="hit()">\'"><script>hit()</script></style></title><svg onload=hit()>{{7*7}}--><a href=javascript:hit()>'
)
HARMLESS = ATTACK.translate(str.maketrans("<>\"'&", "....."))


def build(folder: Path, text: str) -> None:
    """A build in which every text that somebody else writes is this one."""

    def example(n: int) -> Example:
        return instruction_example(
            f"{text}/{n}",
            f"{text} {n}",
            f"{text} svar {n}",
            system=text,
            language="sv",
            task=text,
            choices=(text, text + "2"),
            source=f"{text} källa {n}",
            cluster_id=text,
            split="train",
            origin=Origin(builder=text, dataset=text, licence=text),
            meta={text: text, "scores": {text: 0.5, "sum": n / 9}, "original": {text: text}},
        )

    removed = [
        SetAside(id=f"{text}/r", stage=text, reason=text, detail=text, example=example(7), source=text),
        SetAside(id=f"{text}/c", stage="contamination", reason=text, detail=f"9 words of {text}, item {text}: {text}"),
    ]
    settings: Any = config(builders=(PluginRef(text, {text: text}),), card=CardOptions(title=text, description=text, samples=3))
    against = (*AGAINST, EvaluationSet(text, [(text, text)]))
    finish(folder, [example(n) for n in range(4)], removed, settings, [made(6, name=text, complete=False)], against, notes=[text])


def shape(page: Node) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with the names of its attributes, in the order of the page."""
    return [(node.name, tuple(node.attributes)) for node in page.walk()]


def test_markup_in_every_field_leaves_both_pages_as_harmless_text_does(tmp_path: Path) -> None:
    build(tmp_path / "attack", ATTACK)
    build(tmp_path / "harmless", HARMLESS)
    for name in ("card.html", "review.html"):
        attacked = (tmp_path / "attack" / name).read_text(encoding="utf-8")
        harmless = (tmp_path / "harmless" / name).read_text(encoding="utf-8")
        assert attacked.count("hit()") > 40  # the texts are there
        assert shape(parse(attacked)) == shape(parse(harmless))


def test_the_pages_load_nothing_and_run_only_their_own_script(tmp_path: Path) -> None:
    build(tmp_path / "x", "text")
    for name in ("card.html", "review.html"):
        page = parse((tmp_path / "x" / name).read_text(encoding="utf-8"))
        [policy] = [node.attributes["content"] for node in page.all("meta") if "http-equiv" in node.attributes]
        assert policy is not None
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert re.search(r"script-src 'sha256-[^ ']+';", policy)
        assert not any({"src", "style", "srcset", "onclick"} & set(node.attributes) for node in page.walk())
        assert all((node.attributes.get("href") or "#").startswith("#") for node in page.walk())


def test_every_identifier_is_used_once(tmp_path: Path) -> None:
    build(tmp_path / "x", "text")
    for name in ("card.html", "review.html"):
        page = parse((tmp_path / "x" / name).read_text(encoding="utf-8"))
        identifiers = [node.attributes["id"] for node in page.walk() if "id" in node.attributes]
        assert len(identifiers) == len(set(identifiers))
