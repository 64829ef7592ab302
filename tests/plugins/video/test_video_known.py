"""Tokens of videos that have changed: kept beside the new ones, never mixed with them, whenever a build is stopped."""

import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from barred_video import write_barred
from harness_plugins.video import known
from harness_plugins.video.builder import build
from harness_plugins.video.store import TOKENIZER, VIDEOS, VideoTokens, made_with, path_of, read_info, write_video
from harness_plugins.video.tokenizer import fitting
from safetensors.numpy import load_file, save_file

from harness.errors import InputError

pytest.importorskip("av")
Rows = list[Any]


class Killed(BaseException):
    """What `kill -9` leaves: nothing runs after it."""


def film(path: Path, numbers: range, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_barred(path, numbers, **how)
    path.with_suffix(".srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nA red circle moves.\n")
    return path


def built(films: Path, folder: Path, **given: Any) -> tuple[Rows, list[str]]:
    made = build(**{"videos": str(films), "folder": str(folder), "language": "en", "rate": 5, "tokenizer": {"codes": 7}, **given})
    return list(made.examples()), made.notes()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def places(folder: Path) -> known.Videos:
    said = known.read_known(folder)
    return {name: (Path(said.paths[name]), sha256) for name, sha256 in said.fitted.items()}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`films` of two videos, and `tokens` of them."""
    folder = tmp_path_factory.mktemp("first")
    film(folder / "films" / "a.mp4", range(0, 50))
    film(folder / "films" / "b.mp4", range(50, 100))
    built(folder / "films", folder / "tokens")
    return folder


@pytest.fixture
def work(first: Path, tmp_path: Path) -> Path:
    """The same, to be changed; the films lie where they lay."""
    shutil.copytree(first, tmp_path / "w")
    listed = tmp_path / "w" / "tokens" / known.FILE
    listed.write_text(listed.read_text().replace(str(first), str(tmp_path / "w")))
    return tmp_path / "w"


def test_tokens_of_a_tokenizer_that_is_fitted_anew_are_kept_and_can_still_be_used(work: Path) -> None:
    before = snapshot(work / "tokens")
    digest = read_info(work / "tokens").tokenizer
    film(work / "films" / "a.mp4", range(0, 50), inverted=True)
    _, notes = built(work / "films", work / "tokens")
    kept = work / "tokens" / known.EARLIER / digest[:16]
    assert snapshot(kept) == before
    assert f"are kept in {kept}" in notes[0]
    assert {len(VideoTokens(kept).video(path.stem)[0]) for path in (kept / VIDEOS).iterdir()} == {10}
    again, notes = built(work / "films", kept.parent / "more", tokenizer=str(kept / TOKENIZER))
    assert read_info(kept.parent / "more").tokenizer == digest
    assert len(again) == 2


def test_other_videos_of_the_same_names_are_refused_and_nothing_is_changed(work: Path) -> None:
    before = snapshot(work / "tokens")
    other = work / "other" / "films"
    film(other / "a.mp4", range(100, 150))
    said = r"another films/a.mp4 \(.*w/films/a.mp4\) than .*other/films/a.mp4.*give another `folder`"
    with pytest.raises(InputError, match=said):
        built(other, work / "tokens")
    assert snapshot(work / "tokens") == before


def test_videos_that_moved_are_the_same_and_so_is_one_behind_another_link(work: Path) -> None:
    before = snapshot(work / "tokens" / TOKENIZER)
    shutil.copytree(work / "films", work / "moved" / "films")
    built(work / "moved" / "films", work / "tokens")
    assert snapshot(work / "tokens" / TOKENIZER) == before
    target = film(work / "there" / "v2.mp4", range(0, 50), inverted=True)
    (work / "films" / "a.mp4").unlink()
    (work / "films" / "a.mp4").symlink_to(target)
    _, notes = built(work / "films", work / "tokens")
    assert notes[0].startswith("the tokenizer was fitted anew")


class Stopped:
    """Counts what writes, moves and deletes; the step with the number `at` is not done, nor anything after it."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, *, turned: bool) -> None:
        self.left, self.turned = at, turned
        patch.setattr(os, "replace", self.counted(os.replace))  # with which `replace_file` ends, too
        patch.setattr(shutil, "rmtree", self.tree)
        for name in ("unlink", "rmdir"):
            patch.setattr(Path, name, self.counted(getattr(Path, name)))

    def counted(self, do: Any) -> Any:
        def doing(*given: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Killed
            return do(*given, **more)

        return doing

    def tree(self, folder: Path) -> None:
        """Folders are deleted in any order."""
        for file in sorted(folder.iterdir(), reverse=self.turned):
            file.unlink()
        folder.rmdir()


def stopped(folder: Path, now: known.Videos, at: int, *, turned: bool = False) -> bool:
    """Whether it was stopped after `at` steps, and not done before."""
    with pytest.MonkeyPatch.context() as patch:
        Stopped(patch, at, turned=turned)
        try:
            known.keep_if_changed(folder, now)
        except Killed:
            return True
    return False


@pytest.mark.parametrize("turned", [False, True])
def test_put_aside_goes_on_wherever_it_was_stopped(work: Path, turned: bool) -> None:
    now = {name: (path, "0" * 64) for name, (path, _) in places(work / "tokens").items()}
    before = snapshot(work / "tokens")
    digest = read_info(work / "tokens").tokenizer[:16]
    steps = 0
    while stopped(shutil.copytree(work / "tokens", work / f"at-{steps}"), now, steps, turned=turned):
        folder = work / f"at-{steps}"
        known.keep_if_changed(folder, now)
        assert snapshot(folder / known.EARLIER / digest) == before, steps
        left = {name for name in snapshot(folder) if not name.startswith(known.EARLIER)}
        assert left <= {"videos.json", "tokenizer/report.json", "tokenizer/tokenizer.safetensors"}, steps  # written over
        assert not known.read_known(folder).fitted, steps
        steps += 1
    assert steps == 5 + 2 + 1 + 4 + 1  # copies, two videos, what says how they were made, the tokenizer, the list


@pytest.mark.parametrize("at", [6, 9, 11])
def test_a_build_goes_on_after_one_that_was_killed_as_if_it_had_not_been(work: Path, at: int) -> None:
    film(work / "films" / "a.mp4", range(0, 50), inverted=True)
    shutil.copytree(work / "tokens", work / "whole")
    built(work / "films", work / "whole")
    now = {name: (path, "0" * 64) for name, (path, _) in places(work / "tokens").items()}
    assert stopped(work / "tokens", now, at)
    built(work / "films", work / "tokens")
    assert snapshot(work / "tokens") == snapshot(work / "whole")


def test_killed_when_the_tokenizer_was_just_saved_it_is_known_on_what_it_was_fitted(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = fitting.save_tokenizer

    def killed(*given: Any) -> None:
        saved(*given)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "save_tokenizer", killed)
        with pytest.raises(Killed):
            built(work / "films", work / "second")
    film(work / "films" / "a.mp4", range(0, 50), inverted=True)
    _, notes = built(work / "films", work / "second")
    assert notes[0].startswith("the tokenizer was fitted anew")


def test_a_fit_that_is_refused_writes_nothing(work: Path) -> None:
    with pytest.raises(InputError, match="5000 codes cannot be fitted"):
        built(work / "films", work / "second", tokenizer={"codes": 5000})
    assert not (work / "second").exists()


def test_tokens_of_another_tokenizer_or_rate_are_refused_and_made_again(work: Path) -> None:
    whole = snapshot(work / "tokens")
    store = VideoTokens(work / "tokens")
    sha256 = next((work / "tokens" / VIDEOS).iterdir()).stem
    path, (times, tokens) = path_of(work / "tokens", sha256), store.video(sha256)
    other = [msgspec.structs.replace(store.info, tokenizer="c" * 64), msgspec.structs.replace(store.info, rate=2.5)]
    for said, info in zip(["tokenizer cccccccccccc… at 5.0", "at 2.5 frames a second"], other, strict=True):
        write_video(work / "tokens", sha256, times, np.zeros_like(tokens), info)
        with pytest.raises(InputError, match=rf"{sha256}.safetensors: made by the .*{said}.*build the folder again"):
            store.video(sha256)
        built(work / "films", work / "tokens")
        assert snapshot(work / "tokens") == whole
    save_file(load_file(path), path)
    with pytest.raises(InputError, match="made by a tokenizer that it does not name"):
        store.video(sha256)
    built(work / "films", work / "tokens")
    assert snapshot(work / "tokens") == whole


def test_a_tokenizer_that_was_given_or_found_leaves_what_is_known(work: Path) -> None:
    before = known.read_known(work / "tokens")
    built(work / "films", work / "tokens", tokenizer=str(work / "tokens" / TOKENIZER))
    assert known.read_known(work / "tokens") == before
    (work / "tokens" / known.FILE).unlink()
    _, notes = built(work / "films", work / "tokens")
    assert "on which videos it was fitted is not known" in notes[0]
    assert known.read_known(work / "tokens").fitted == {}


def test_tokens_of_a_type_that_numpy_does_not_know_are_none(work: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    store = VideoTokens(work / "tokens")
    path = next((work / "tokens" / VIDEOS).iterdir())
    columns = {"times": torch.arange(4.0), "tokens": torch.zeros(4, store.info.tokens, dtype=torch.bfloat16)}
    save_file(columns, path, metadata=made_with(store.info))
    with pytest.raises(InputError, match="not the tokens of a video"):
        store.video(path.stem)
