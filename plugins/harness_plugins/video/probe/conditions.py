"""What stands in the video's place when a model is asked: its own video, none, a blank one, another clip's."""

from collections.abc import Mapping, Sequence

import msgspec

from harness.errors import InputError
from harness.records import Example
from harness_plugins.video.controls import check_kind, partners
from harness_plugins.video.model.sequences import Row, blanked, with_video_of, without_video


def rows_shown(rows: Mapping[str, Row], examples: Sequence[Example], kind: str, seed: int) -> dict[str, Row]:
    """The rows of examples, by id, as a condition shows them.

    `shuffled`: with another clip's video, of the same split and language alone, so that all are strangers to their text in the
    same way. Raises InputError where there is no other clip.
    """
    check_kind(kind)
    if kind == "real":
        return dict(rows)
    if kind == "none":
        return {name: without_video(row) for name, row in rows.items()}
    if kind == "blank":
        return {name: blanked(row) for name, row in rows.items()}
    given = strangers(examples, seed)
    return {name: with_video_of(row, rows[given[name]]) if name in given else row for name, row in rows.items()}


def strangers(examples: Sequence[Example], seed: int) -> dict[str, str]:
    """Whose video each example with a video is shown instead of its own, by ids. InputError where there is no other clip."""
    apart = [msgspec.structs.replace(one, split=f"{one.split} {one.language}") for one in examples]
    try:
        return {examples[place].id: examples[other].id for place, other in partners(apart, seed).items()}
    except InputError as error:
        raise InputError(f"{error}; or leave `shuffled` out: `probe: {{shown: [real, none, blank]}}`") from error


def own_kind(trained: str) -> str:
    """What a model is shown that is asked as it was trained."""
    return trained
