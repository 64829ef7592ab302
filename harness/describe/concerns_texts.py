"""Concerns about texts: empty, broken on the way, in another language than declared, or much longer than the references."""

from collections.abc import Mapping
from typing import Any

from harness.describe.concern import Concern, Concerns

# trace → (level where many texts show it, what a reader must know)
_MEANING = {
    "empty": (2, "are empty"),
    "replacement": (3, "hold U+FFFD, the mark of letters lost in decoding: read the source again with the right encoding"),
    "mojibake": (3, "hold UTF-8 that was read as Windows-1252 (Ã¥ for å): repair the file before any metric reads it"),
    "lost_letters": (2, "hold question marks inside words, as where å, ä and ö were lost (f?r)"),
    "decomposed": (2, "hold letters of two code points (NFD): å is not å to a metric; normalise to NFC"),
    "control": (2, "hold control or invisible characters"),
    "markup": (2, "hold HTML tags or entities: overlap metrics count them as words"),
    "template": (2, "hold marks of a chat template (<|…|>, [INST], </s>): they belong to the prompt, not to the answer"),
    "cut_off": (2, "were cut off at the length limit"),
}
_SINGULAR = {"are": "is", "were": "was", "hold": "holds"}
_MANY = 0.01
_DIFFERENT_LENGTH = 3.0


def text_concerns(found: Mapping[str, Any]) -> Concerns:
    """What a set's texts make one doubt."""
    texts = found["texts"]
    for group in ("all_outputs", "references", "sources", "instructions"):
        described = texts[group]
        for trace, seen in (described or {"traces": {}})["traces"].items():
            level, meaning = _MEANING[trace]
            share = seen["count"] / described["texts"]
            name = {"all_outputs": "outputs"}.get(group, group)
            where = f"; first {seen['first'][0]!r}{_most_by_system(texts['outputs'], trace) if group == 'all_outputs' else ''}"
            yield Concern(
                (level if share >= _MANY else 1),
                share,
                f"{trace.replace('_', '-')}-{name}",
                f"{seen['count']} of {described['texts']} {name} ({_percent(share)}) {_agreeing(meaning, seen['count'])}{where}",
            )
    yield from _lengths(texts)


def language_concerns(found: Mapping[str, Any]) -> Concerns:
    """Undeclared languages, and texts that look like another one."""
    undeclared = found["languages"].get("und", 0)
    languages = found["languages_found"]
    if undeclared:
        seen: dict[str, int] = {}
        for group in languages.get("groups", {}).values():
            for name, count in group["looks_like"].items():
                seen[name] = seen.get(name, 0) + count
        likely = max(seen, key=lambda name: seen[name]) if seen else None
        hint = "" if likely is None else f"; {seen[likely]} of {sum(seen.values())} texts look like {likely}: language={likely}"
        share = undeclared / found["items"]
        yield Concern(
            2, share, "no-language", f"{undeclared} of {found['items']} items do not say which language they are in{hint}"
        )
    for name, group in languages.get("groups", {}).items():
        share = group["other"] / group["texts"]
        if group["other"] and (share >= 0.02 or group["other"] >= 5):
            declared = {tag.split("-")[0] for tag in found["languages"]}
            others = [f"{language} {count}" for language, count in group["looks_like"].items() if language not in declared]
            listed = f" ({', '.join(others[:3])})" if others else ""
            yield Concern(
                (2 if share >= 0.05 else 1),
                share,
                "other-language",
                f"{name}: {group['other']} of {group['texts']} texts ({_percent(share)}) look like another language than "
                f"declared{listed}",
            )


def _lengths(texts: Mapping[str, Any]) -> Concerns:
    references = texts["references"]
    if references is None or not references["words"]["median"]:
        return
    for system, described in texts["outputs"].items():
        if described is None:
            continue
        ratio = described["words"]["median"] / references["words"]["median"]
        if ratio >= _DIFFERENT_LENGTH or ratio <= 1 / _DIFFERENT_LENGTH:
            yield Concern(
                1,
                min(1.0, abs(ratio - 1) / 10),
                "length",
                f"outputs of {system!r} have {described['words']['median']:g} words (median), the references "
                f"{references['words']['median']:g}: overlap metrics will mostly measure length",
            )


def _most_by_system(outputs: Mapping[str, Any], trace: str) -> str:
    """`, most by system 'mt' (12 of 191)`, where one system has clearly more of it than the others."""
    counts = {s: (d["traces"].get(trace, {"count": 0})["count"], d["texts"]) for s, d in outputs.items() if d is not None}
    if len(counts) < 2:
        return ""
    system, (count, total) = max(counts.items(), key=lambda one: one[1][0] / one[1][1])
    everything = sum(count for count, _ in counts.values())
    return f", most by system {system!r} ({count} of {total})" if count > everything / 2 else ""


def _agreeing(meaning: str, count: int) -> str:
    """The verb of a meaning in the singular for one text."""
    if count != 1:
        return meaning
    verb, rest = meaning.split(" ", 1)
    return f"{_SINGULAR[verb]} {rest}"


def _percent(share: float) -> str:
    return "under 1%" if share < 0.01 else f"{share:.0%}"
