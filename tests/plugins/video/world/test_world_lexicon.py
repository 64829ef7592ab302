"""What seeing is worth in a made-up world: against the joint distribution written out, and against scenes that are drawn."""

import csv
import io
from collections import Counter

import numpy as np
import pytest
from harness_plugins.video.world.builder import norms_table
from harness_plugins.video.world.lexicon import Entries, gain, lexicon
from harness_plugins.video.world.scenes import draw_scene
from harness_plugins.video.world.settings import world_of
from harness_plugins.video.world.words import SHOWN, TOLD
from hypothesis import given
from hypothesis import strategies as st


def world(**settings):
    return world_of(settings)[0]


def joint(entries: Entries) -> np.ndarray:
    """P(word, shown) (W, W), as the module says that a clip is drawn."""
    q = entries.shown
    given_word = entries.visibility[:, None] * np.eye(len(q)) + (1 - entries.visibility)[:, None] * q
    return entries.frequency[:, None] * given_word


def information(joint: np.ndarray) -> np.ndarray:
    """Σ_s P(s|w) log(P(w|s)/P(w)) for each word, by the definition."""
    words, shown = joint.sum(1), joint.sum(0)
    ratio = np.divide(joint, words[:, None] * shown, out=np.ones_like(joint), where=joint > 0)
    return (joint / words[:, None] * np.log(ratio)).sum(1)


@pytest.mark.parametrize("settings", [{}, {"zipf": 1.0, "seed": 3}, {"confound": True}, {"levels": (1.0,), "unseen": 0}])
def test_gains_are_those_of_the_joint_distribution(settings):
    for name, entries in lexicon(world(**settings)).items():
        if name in TOLD:
            assert not entries.gains.any()
            continue
        table = joint(entries)
        np.testing.assert_allclose(table.sum(), 1)
        np.testing.assert_allclose(table.sum(0), entries.shown, atol=1e-12)  # shown as often, whatever the visibilities
        np.testing.assert_allclose(entries.gains, information(table), atol=1e-12)


def test_gains_by_hand():
    assert gain(0.0, 0.3) == 0.0
    assert gain(0.0, 0.0) == 0.0
    assert gain(1.0, 0.25) == pytest.approx(np.log(4))
    # v = .5, q = .2: the picture is the word's with .6; .6 log 3 + .4 log .5
    assert gain(0.5, 0.2) == pytest.approx(0.6 * np.log(3) + 0.4 * np.log(0.5))


@given(st.floats(0.001, 0.999), st.floats(0, 1), st.floats(0, 1))
def test_gain_is_positive_and_grows_with_visibility(shown, one, other):
    low, high = sorted((one, other))
    assert -1e-12 <= gain(low, shown) <= gain(high, shown) + 1e-12


def test_imageability_is_visibility_and_has_no_part_in_frequency():
    found = lexicon(world())
    for name in SHOWN:
        entries = found[name]
        np.testing.assert_allclose(entries.imageability, 1 + 6 * entries.visibility)
        np.testing.assert_allclose(entries.frequency, 1 / len(entries.terms))
        seen = len(SHOWN[name].seen)
        assert (entries.visibility[seen:] == 0).all()
        assert Counter(entries.visibility[:seen]) == Counter(np.resize([1, 0.75, 0.5, 0.25], seen))
    rows = [
        (v, np.log(p))
        for seed in range(60)
        for name, entries in lexicon(world(seed=seed, zipf=1.0)).items()
        for v, p in zip(entries.visibility, entries.frequency, strict=True)
        if name in SHOWN
    ]
    assert abs(np.corrcoef(np.array(rows).T)[0, 1]) < 0.06  # 3,360 words: sd .017


@pytest.mark.parametrize("told", [0.1, 0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize(("words", "unseen"), [(2, 0), (5, 2), (8, 2), (10, 3), (10, 6)])
def test_words_are_as_frequent_whether_or_not_they_can_be_seen(told, words, unseen):
    entries = lexicon(world(told=told, words=words, unseen=unseen))
    often = {name: set(np.round(column.share * column.frequency, 9)) for name, column in entries.items() if name != "size"}
    assert set.union(*often.values()) == {round(1 / (words + unseen), 9)}
    assert entries["day"].share + entries["name"].share <= 1


def test_a_class_is_the_same_whichever_others_there_are():
    all_of_them, one = lexicon(world(seed=5)), lexicon(world(seed=5, classes=["form"]))
    assert set(one) == {"form", *TOLD}
    np.testing.assert_array_equal(all_of_them["form"].visibility, one["form"].visibility)
    others = lexicon(world(seed=6))
    assert any((others[name].visibility != all_of_them[name].visibility).any() for name in SHOWN)


def test_confounded_imageability_says_nothing_but_the_frequency():
    rows = []
    for name, entries in lexicon(world(confound=True)).items():
        if name in TOLD:
            assert entries.imageability is None
            continue
        assert len(entries.terms) == len(SHOWN[name].seen)  # none that cannot be shown
        frequent = entries.frequency > 1 / len(entries.terms)
        assert frequent.sum() == len(frequent) // 2
        assert set(entries.visibility[frequent]) == {0.9}
        assert set(entries.visibility[~frequent]) == {0.1}
        high = entries.imageability > 4
        assert high[frequent].any()
        assert (~high[frequent]).any()
        assert high[~frequent].any()
        assert (~high[~frequent]).any()
        rows += zip(entries.imageability, entries.gains, entries.frequency, strict=True)
    imageability, gains, frequency = np.array(rows).T
    assert np.corrcoef(imageability, gains)[0, 1] > 0.4
    for group in (frequency > np.median(frequency), frequency <= np.median(frequency)):
        high = imageability[group] > 4
        assert abs(gains[group][high].mean() - gains[group][~high].mean()) < 0.1  # classes of other sizes differ a little


def test_scenes_follow_the_distribution():
    setting = world(zipf=0.7, second=0.5, seed=2)
    entries = lexicon(setting)
    scenes = [draw_scene(setting, entries, clip) for clip in range(4000)]
    for name in ("colour", "size"):
        column = entries[name]
        keys = [term.key for term in column.terms]
        there = [scene for scene in scenes if name in scene.said]
        share = len(there) / len(scenes)
        assert share == pytest.approx(column.share, abs=0.03)
        counts = np.zeros((len(keys), len(keys)))
        for scene in there:
            counts[keys.index(scene.said[name].key), keys.index(scene.shown[name])] += 1
        np.testing.assert_allclose(counts / len(there), joint(column), atol=4.5 * np.sqrt(0.1 / len(there)))
        assert (counts[joint(column) == 0] == 0).all()  # what cannot be seen is never shown
    for name in ("day", "name", "opinion", "mood", "weather"):
        assert np.mean([name in scene.said for scene in scenes]) == pytest.approx(entries[name].share, abs=0.03)
        assert len({scene.said[name].key for scene in scenes if name in scene.said}) == 3


def test_what_is_said_of_one_class_tells_nothing_of_another():
    setting = world(seed=1, words=3, unseen=1)
    entries = lexicon(setting)
    scenes = [draw_scene(setting, entries, clip) for clip in range(3000)]
    pairs = [("said", "colour", "said", "form"), ("said", "colour", "shown", "motion"), ("said", "mood", "shown", "landmark")]
    for one, name, other, second in pairs:
        columns = [
            (str(getattr(scene, one).get(name) and getattr(scene, one)[name].key), str(_key(getattr(scene, other)[second])))
            for scene in scenes
        ]
        rows, across = (sorted(set(values)) for values in zip(*columns, strict=True))
        table = np.zeros((len(rows), len(across)))
        for first, then in columns:
            table[rows.index(first), across.index(then)] += 1
        expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
        statistic, freedom = ((table - expected) ** 2 / expected).sum(), (len(rows) - 1) * (len(across) - 1)
        assert statistic < freedom + 5 * np.sqrt(2 * freedom)


def _key(value):
    return getattr(value, "key", value)


@pytest.mark.parametrize(("settings", "gone"), [({"told": 0.0}, set(TOLD)), ({"second": 0.0}, {"size", "landmark"})])
def test_words_that_are_never_said_have_no_norms(settings, gone):
    setting = world(**settings)
    entries = lexicon(setting)
    rows = list(csv.DictReader(io.StringIO(norms_table(entries).decode())))
    assert {row["class"] for row in rows} == {*SHOWN, *TOLD} - gone
    assert min(float(row["frequency"]) for row in rows) > 0
    assert not gone & {name for clip in range(50) for name in draw_scene(setting, entries, clip).said}


def test_the_table_of_norms():
    entries = lexicon(world())
    rows = list(csv.DictReader(io.StringIO(norms_table(entries).decode())))
    assert len(rows) == 2 * sum(len(column.terms) for column in entries.values())
    by_word = {(row["word"], row["language"]): row for row in rows}
    assert len(by_word) == len(rows)
    place = [term.key for term in entries["size"].terms].index("small")
    small = by_word["litet", "sv"]
    assert (small["lemma"], small["word_class"], small["class"]) == ("liten", "ADJ", "size")
    assert float(small["imageability"]) == 1 + 6 * float(small["visibility"]) == entries["size"].imageability[place]
    assert float(small["gain"]) == pytest.approx(entries["size"].gains[place], abs=1e-4)
    assert float(small["frequency"]) == pytest.approx(1000 / 9, rel=1e-5)
    assert by_word["Monday", "en"]["imageability"] == "1"
    # days, of which there are three, stand in 3 of 13 captions: each is as frequent as each of 13 colours
    assert [word for word, _ in by_word if word.endswith("dagen")] == ["måndagen", "tisdagen", "onsdagen"]
    assert by_word["måndagen", "sv"]["frequency"] == by_word["röd", "sv"]["frequency"] == "76.9231"
    confounded = list(csv.DictReader(io.StringIO(norms_table(lexicon(world(confound=True))).decode())))
    assert {row["class"] for row in confounded} == set(SHOWN)
