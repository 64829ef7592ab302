"""What an experiment learns from and asks about: a world that is rendered first, or examples and video tokens that there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.errors import ConfigError
from harness.records import Example
from harness.whole_files import replace_file
from harness_plugins.video.probe.config import Experiment
from harness_plugins.video.probe.inputs import examples_digest, model_digest, tokens_digest
from harness_plugins.video.probe.subject import Subject, subject_of

EXAMPLES = "examples.jsonl"


@dataclass(frozen=True)
class Material:
    """Where examples and video tokens lie, what is probed, and digests of what runs stand on, by name."""

    examples: str
    tokens: str
    subject: Subject
    inputs: dict[str, str]


def material_of(experiment: Experiment, folder: Path, report: Callable[..., None] | None = None) -> Material:
    """The experiment's material, made where it is not there yet."""
    from harness.experiment_examples import read_examples

    if experiment.world is None:
        assert experiment.data is not None
        assert experiment.tokens is not None
        where, tokens, probe = experiment.data, experiment.tokens, experiment.probe
    else:
        home = folder / "material"
        path = home / EXAMPLES
        if not path.is_file():
            _make_world(experiment, home, report)
        where, tokens = str(path), str(home / "world" / "tokens")
        own = experiment.probe.norms or {"source": str(home / "world" / "words.csv")}
        probe = msgspec.structs.replace(experiment.probe, norms=own)
    examples = read_examples(where)
    return Material(where, tokens, subject_of(examples, probe, where), _inputs(experiment, where, tokens, examples))


def _inputs(experiment: Experiment, where: str, tokens: str, examples: Sequence[Example]) -> dict[str, str]:
    """What runs stand on, by name, as digests of the content: texts, video tokens, and the models that sizes begin with."""
    from harness_plugins.video.store import VideoTokens

    found = {f"the texts of {where}": examples_digest(examples)}
    found[f"the video tokens of {tokens}"] = tokens_digest(VideoTokens(tokens), examples)
    for given in experiment.sizes.values():
        params = experiment.training | given
        for key in ("base", "tokenizer"):
            name = params.get(key)
            if isinstance(name, str) and (key == "base" or Path(name).expanduser().is_dir()):
                found[f"the {key} {name}"] = model_digest(name)
    return found


def _make_world(experiment: Experiment, home: Path, report: Callable[..., None] | None) -> None:
    from harness.build.rows import SetAside
    from harness_plugins.video.world.builder import build

    params = dict(experiment.world or {})
    if experiment.probe.language is not None:
        params.setdefault("languages", [experiment.probe.language])
    try:
        builder = build(folder=str(home / "world"), **params)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"world: {error}") from error
    rows = []
    for one in builder.examples():
        assert not isinstance(one, SetAside)
        rows.append(one)
        if report is not None and len(rows) % 50 == 0:
            report("clips", len(rows), len(rows))
    home.mkdir(parents=True, exist_ok=True)
    replace_file(home / EXAMPLES, b"".join(msgspec.json.encode(one) + b"\n" for one in rows))
