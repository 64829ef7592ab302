"""The pages of docs/reference about how much the gate catches, made of what gate_catalogue.py and gate_mutants.py keep."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"


def interval(hits: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """The exact (Clopper–Pearson) interval of a share."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(1 - tail, hits + 1, of - hits))
    return low, high


def write_catalogue(runs: Sequence[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]) -> None:
    """docs/reference/gate-catalogue.md: the first run and the last."""
    if runs:
        (REFERENCE / "gate-catalogue.md").write_text(catalogue_page(runs, known), encoding="utf-8")


def catalogue_page(runs: Sequence[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]) -> str:
    """The page's text."""
    shown = [runs[0]] if len(runs) == 1 else [runs[0], runs[-1]]
    lines = [
        "<!-- Made by `python benchmarks/gate_catalogue.py`; change the script, or run it again. -->",
        "",
        "# Seeded regressions and the gate",
        "",
        "What a careless commit could do to metrics, judges and statistics, one change at a time: `tests/seeded_regressions/` "
        f"holds {sum(not one['harmless'] for one in known.values())} regressions that `harness gate` has to catch and "
        f"{sum(one['harmless'] for one in known.values())} harmless changes that it must let pass. They were written before "
        "the gate by somebody who did not read it, and are frozen. Each was applied to the real code in a copy of the "
        "repository, and the real command was run there, with an empty cache.",
        "",
        "**First run**: as caught before anybody looked. What it missed was then told to those who built the gate as a *kind* of "
        "behaviour (“the order of precision and recall”), not as the edit; so the last run says less about regressions that "
        "nobody thought of than the first one does.",
        "",
        "| run | commit | regressions caught | message names it | harmless changes that pass | median, longest |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_summary(place, run) for place, run in enumerate(shown)),
        "",
        "Caught: the command's exit code was not 0. The message names it: every word that the catalogue asks for (mostly the "
        "metric and “scores moved”) is in what the command printed. The interval is the exact 95 % one (Clopper–Pearson), as if "
        "for regressions of this kind; they are no random sample of what can go wrong. Seconds are of CPU, of the checks that "
        "can reach the changed file; where those caught nothing, the whole gate was run" + _unconfirmed(runs) + ".",
        "",
        *(f"- {text}" for run in shown for text in _wrong(run)),
        "",
        "## Regressions",
        "",
        *_table(shown, known, harmless=False),
        "",
        "## Harmless changes",
        "",
        *_table(shown, known, harmless=True),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _summary(place: int, run: Mapping[str, Any]) -> str:
    rows = [row for row in run["entries"] if row["applies"]]
    seeded, harmless = [row for row in rows if not row["harmless"]], [row for row in rows if row["harmless"]]
    caught = [row for row in seeded if row["caught"]]
    passed, named = sum(not row["caught"] for row in harmless), sum(not row["lacks"] for row in caught)
    seconds = sorted(row["cpu"] for row in rows)
    spent = f"{seconds[len(seconds) // 2]:.0f}, {seconds[-1]:.0f} s" if seconds else ""
    commits = dict.fromkeys(row["commit"] for row in rows)
    name = "**first run**" if place == 0 else f"last run ({run['name']})"
    shares = f"{_share(len(caught), len(seeded))} | {named} of {len(caught)} | {_share(passed, len(harmless))}"
    return f"| {name}, {run['date']} | {', '.join(f'`{one[:10]}`' for one in commits)} | {shares} | {spent} |"


def _share(hits: int, of: int) -> str:
    if not of:
        return "0 of 0"
    low, high = interval(hits, of)
    return f"**{hits} of {of}** [{100 * low:.1f}–{100 * high:.1f} %]"


def _unconfirmed(runs: Sequence[Mapping[str, Any]]) -> str:
    rows = [row for run in runs for row in run["entries"] if row["applies"] and not row["harmless"] and not row["caught"]]
    left = sum(not row["whole"] for row in rows)
    return f" ({left} of the {len(rows)} that were missed were not tried against it)" if left else ""


def _wrong(run: Mapping[str, Any]) -> list[str]:
    """Sentences about what a run missed, what it cried wolf about and what did not apply."""
    found = []
    kinds = (
        ("missed", [row["name"] for row in run["entries"] if row["applies"] and not row["harmless"] and not row["caught"]]),
        ("false alarms", [row["name"] for row in run["entries"] if row["applies"] and row["harmless"] and row["caught"]]),
        ("did not apply any more", [row["name"] for row in run["entries"] if not row["applies"]]),
    )
    for word, names in kinds:
        if names:
            found.append(f"{run['name']}, {word}: {', '.join(f'`{name}`' for name in names)}")
    return found


def _table(runs: Sequence[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]], harmless: bool) -> list[str]:
    heads = [
        "change",
        "what it does",
        *(f"{'first' if place == 0 else 'last'} run" for place in range(len(runs))),
        "what the gate said",
    ]
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    by_run = [{row["name"]: row for row in run["entries"]} for run in runs]
    for name, entry in known.items():
        if entry["harmless"] == harmless:
            rows = [rows.get(name) for rows in by_run]
            said = next((_said(row) for row in reversed(rows) if row), "")
            cells = [f"`{name}`", _cell(entry["what"]), *map(_verdict, rows), said]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _verdict(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "not run"
    if not row["applies"]:
        return "does not apply"
    if row["harmless"]:
        return "**false alarm**" if row["caught"] else "passes"
    if not row["caught"]:
        return "**missed**"
    return "caught" if not row["lacks"] else f"caught; lacks {', '.join(f'“{word}”' for word in row['lacks'])}"


def _said(row: Mapping[str, Any]) -> str:
    """The first finding's sentence, cut."""
    if not row["applies"] or not row["caught"]:
        return ""
    first = next((text for text in row["said"].splitlines() if text.startswith(("fail", "error", "inconclusive"))), row["said"])
    return _cell(first[:220] + ("…" if len(first) > 220 else ""))


def write_mutants(kept: Mapping[str, Any], looked_at: Mapping[str, Sequence[str]]) -> None:
    """docs/reference/gate-mutants.md: kill rates by group, and every survivor with what was found by looking at it."""
    if kept:
        (REFERENCE / "gate-mutants.md").write_text(mutants_page(kept, looked_at), encoding="utf-8")


def mutants_page(kept: Mapping[str, Any], looked_at: Mapping[str, Sequence[str]]) -> str:
    """The page's text. `looked_at`: id of a mutant → verdict and reason."""
    rows = kept["rows"]
    again = {(row["file"], row["before"], row["after"]): row["how"] for row in kept.get("again", {}).get("rows", ())}
    groups = list(dict.fromkeys(row["group"] for row in rows))
    survivors = [row for row in rows if row["how"] == "survived"]
    verdicts = Counter(looked_at.get(row["id"], ("not looked at", ""))[0] for row in survivors)
    lines = [
        "<!-- Made by `python benchmarks/gate_mutants.py`; change the script, or run it again. -->",
        "",
        "# Automatic mutants and the gate",
        "",
        f"{len(rows)} small changes of the code (a comparison, an operator, a constant, a truth value, a called function, what "
        f"is returned, a statement left out), drawn with seed {kept['seed']}, the modules of a group in turn; each applied by "
        f"itself to the code at `{kept['commit'][:10]}` ({kept['date']}), where the real `harness gate` was run with the checks "
        "that can reach the module. Killed: the gate fails, or the code crashes or does not end. The interval is the exact 95 % "
        "one (Clopper–Pearson).",
        "",
        "| group | mutants | found by a check | could not run | timed out | survived | killed |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(_mutants_of(group, [row for row in rows if row["group"] == group]) for group in groups),
        _mutants_of("all", rows),
        "",
        "**Survivors, looked at**: " + "; ".join(f"{number} {word}" for word, number in verdicts.most_common()) + ".",
        "",
        *_more(kept, survivors, looked_at, again),
        "| where | was | became | verdict | why |" + (" now |" if again else ""),
        "| --- | --- | --- | --- | --- |" + (" --- |" if again else ""),
        *(_survivor(row, looked_at, again) for row in sorted(survivors, key=lambda row: (row["file"], row["line"]))),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _mutants_of(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    how = Counter(row["how"] for row in rows)
    parts = [str(how[word]) for word in ("found", "could not run", "timed out", "survived")]
    return f"| {name} | {len(rows)} | {' | '.join(parts)} | {_share(len(rows) - how['survived'], len(rows))} |"


def _more(kept: Mapping[str, Any], survivors: Sequence[Mapping[str, Any]], looked_at: Mapping[str, Sequence[str]],
          again: Mapping[tuple[str, str, str], str]) -> list[str]:  # fmt: skip
    """The rate without what no gate could find, and what became of the survivors later."""
    total, found = len(kept["rows"]), []
    equal = sum(looked_at.get(row["id"], ("", ""))[0] in ("equivalent", "speed only") for row in survivors)
    if equal:
        found += [f"Without the {equal} that change no result: {_share(total - len(survivors), total - equal)} killed.", ""]
    if again:
        killed = sum(how != "survived" for how in again.values())
        at = kept["again"]["commit"][:10]
        found += [f"{len(again)} of the survivors were tried again at `{at}`: {killed} of them are killed there.", ""]
    return found


def _survivor(row: Mapping[str, Any], looked_at: Mapping[str, Sequence[str]], again: Mapping[tuple[str, str, str], str]) -> str:
    verdict, why = looked_at.get(row["id"], ("not looked at", ""))
    where = f"`{row['file'].removeprefix('plugins/').removesuffix('.py')}` {row['line']}"
    cells = [where, _code(row["before"]), _code(row["after"]), verdict, _cell(why)]
    if again:
        cells.append(again.get((row["file"], row["before"], row["after"]), "not tried"))
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """The text as code in a table's cell, cut."""
    return "`" + text[:110].replace("|", "\\|").replace("`", "'") + "`" + ("…" if len(text) > 110 else "")


def _cell(text: str) -> str:
    """The text for a cell of a table."""
    plain = " ".join(text.split())
    for sign in ("\\", "|", "<", "*", "`", "_", "[", "$", "~"):
        plain = plain.replace(sign, f"\\{sign}")
    return plain
