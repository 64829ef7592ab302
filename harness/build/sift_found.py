"""What sifting found, as plain values: for the run folder and the data card."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from harness.build.contamination import Contamination
from harness.build.duplicates import Duplicates
from harness.build.languages_fields import LanguageTally
from harness.whole_files import replace_file

_FOUND = "sifting.json"


def found_by(
    count: int,
    looked: bool,
    languages: dict[str, LanguageTally],
    removed: Counter[tuple[str, str]],
    contamination: Contamination | None,
    duplicates: Duplicates | None,
) -> dict[str, Any]:
    """What every step found, as plain values."""
    found: dict[str, Any] = {"rows": count}
    found["languages"] = {
        "checked": looked,
        "fields": {
            name: {
                "looked_at": tally.looked_at,
                "too_short": tally.too_short,
                "not_judged": tally.not_judged,
                "other": tally.other,
                "code": tally.code,
                "looks_like": dict(tally.looks_like.most_common()),
            }
            for name, tally in sorted(languages.items())
        },
    }
    found["filters"] = {reason: n for (stage, reason), n in sorted(removed.items()) if stage == "filter"}
    found["contamination"] = {"checked": contamination is not None, "sets": [], "wordings": []}
    if contamination is not None:
        sets = contamination.index.sets
        items = np.bincount(contamination.index.item_sets, minlength=len(sets)).tolist()
        found["contamination"]["sets"] = [
            {"set": one.name, "items": n, "rows_removed": rows, "items_hit": hit}
            for one, n, rows, hit in zip(sets, items, contamination.rows_removed, contamination.items_hit, strict=True)
        ]
        found["contamination"]["wordings"] = contamination.wordings
    found["duplicates"] = {"checked": duplicates is not None}
    if duplicates is not None:
        tally = duplicates.tally
        found["duplicates"] |= {name: getattr(tally, name) for name in ("equal", "near", "clusters", "largest", "closed")}
        found["duplicates"] |= {"same_response": tally.same_response, "same_instruction": tally.same_instruction}
    return found


def write_found(folder: Path, found: dict[str, Any]) -> None:
    """Keeps what sifting found (`Sifted.found`) in a run folder."""
    replace_file(folder / _FOUND, msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


def read_found(folder: Path) -> dict[str, Any]:
    """What sifting found, as it was written; empty where nothing was."""
    path = folder / _FOUND
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes()) if path.is_file() else {}
    return found
