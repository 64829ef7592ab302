"""Videos and their captions as a file of pairs says: for collections whose names do not tell what belongs together."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.build.rows import SetAside
from harness.errors import InputError, did_you_mean
from harness_plugins.video.captions.cues import Captions, Cue, Problem
from harness_plugins.video.captions.json_lines import read_json_lines
from harness_plugins.video.pairing import TAG, Pair, Pairs, Track, wanted, without
from harness_plugins.video.sources import in_unicode

_KEYS = ("video", "captions", "language", "cluster", "start", "end", "text", "speaker")


def read_pairs(path: Path, language: str | None, languages: Sequence[str] = ()) -> Pairs:
    """The pairs of a JSON Lines file: `{"video": …, "captions": …}`, or a cue a line, `{"video": …, "start": …, "end": …,
    "text": …}`; both may say `language` and `cluster`. Paths are relative to the file. InputError naming a line that cannot be
    read; a cue with wrong times is left to be set aside."""
    from harness_plugins.datasets.file_faults import json_lines

    files: dict[str, dict[str | None, Path]] = {}
    cues: dict[str, dict[str | None, list[Cue | Problem]]] = {}
    clusters: dict[str, str] = {}
    for number, row in json_lines(path):
        video = _checked_row(row, f"{path}, line {number}")
        tag = row.get("language") or language
        files.setdefault(video, {})
        if row.get("cluster") is not None and clusters.setdefault(video, row["cluster"]) != row["cluster"]:
            raise InputError(
                f"{path}, line {number}: {video} is of the cluster {row['cluster']!r} here, and of another one before"
            )
        if "captions" in row:
            where = path.parent / Path(row["captions"]).expanduser()
            if files[video].setdefault(tag, where) != where:
                raise InputError(f"{path}, line {number}: a second file of captions of {video} in one language; name one")
        elif "text" in row or "start" in row or "end" in row:
            cues.setdefault(video, {}).setdefault(tag, []).append(_cue(row, number))
    if not files:
        raise InputError(f'{path}: names no video; a line is {{"video": …, "captions": …}}')
    found: list[Pair] = []
    aside: list[SetAside] = []
    for video in sorted(files):
        tracks = [Track(tag, one.name, path=one) for tag, one in files[video].items()]
        for tag, some in cues.get(video, {}).items():
            if tag in files[video]:
                raise InputError(f"{path}: {video} has both a file of captions and cues of its own in one language; give one")
            tracks.append(Track(tag, path.name, cues=_captions(some)))
        kept = sorted((track for track in tracks if wanted(track.language, languages)), key=lambda one: one.language or "")
        where = path.parent / Path(video).expanduser()
        if kept:
            found.append(Pair(f"{path.stem}/{video}", where.absolute(), tuple(kept), clusters.get(video)))
        else:
            aside.append(without(f"{path.stem}/{video}", f"{in_unicode(path.name)} names none of the languages asked for"))
    return Pairs(tuple(found), tuple(aside))


def _captions(found: Sequence[Cue | Problem]) -> Captions:
    """Cues and problems as a file's captions: cues by time, problems by line."""
    cues = sorted((one for one in found if isinstance(one, Cue)), key=lambda cue: (cue.start, cue.end, cue.line))
    return Captions(tuple(cues), tuple(sorted(one for one in found if isinstance(one, Problem))))


def _checked_row(row: Any, place: str) -> str:
    """The row's video; InputError for what is no row of pairs."""
    if not isinstance(row, Mapping):
        raise InputError(f"{place}: expected an object, got {type(row).__name__}")
    for key in row:
        if key not in _KEYS:
            raise InputError(f"{place}: unknown key {key!r}.{did_you_mean(str(key), _KEYS)}")
    for key in ("video", "captions", "language", "cluster"):
        if (key == "video" or row.get(key) is not None) and (not isinstance(row.get(key), str) or not row[key].strip()):
            raise InputError(
                f"{place}: {key} is a {'path' if key in ('video', 'captions') else 'name'}, got {row.get(key)!r:.80}"
            )
    if row.get("captions") is not None and row.get("text") is not None:
        raise InputError(f"{place}: a line has a file of `captions`, or a `text` with its times, not both")
    if row.get("language") is not None and not TAG.match(row["language"]):
        raise InputError(f"{place}: language {row['language']!r:.80} is no language tag (such as sv)")
    return str(row["video"])


def _cue(row: Mapping[str, Any], number: int) -> Cue | Problem:
    return next(iter(read_json_lines([json.dumps(row)])))._replace(line=number)
