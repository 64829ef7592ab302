"""Trials of what makes and asks models: trainers and generators.

The checks: `protocol`, `fields`, `order`, `repeat`, `alone`, `signature`, `resume`, `outside`.
"""

import os
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from harness.errors import HarnessError, PluginError
from harness.protocols import TrainerSpec
from harness.records import Example, Kind, Message, Output, TextPart, to_json
from harness.registry import PluginRef, parameters
from harness.stages.train import train
from harness.testing.parameters import varied
from harness.testing.probes import PROBES, examples_of
from harness.testing.trial import Findings, Trial, told

_LONG = 3.0  # seconds to the first answers: loading a model once more for each of its parameters would take too long


def try_generator(trial: Trial, examples: Sequence[Example] | None = None) -> Findings:
    """What is wrong with a generator, by what it says of four small examples, or of yours."""
    found = Findings()
    asked = list(examples) if examples is not None else examples_of()
    since = time.perf_counter()
    generator = trial.built()
    outputs = _answers(found, generator, asked)
    seconds = time.perf_counter() - since  # models may be loaded at the first question
    if outputs is None:
        return found
    errors = [output for output in outputs if output.finish == "error"]
    found.tried = f"{len(outputs)} outputs for {len(asked)} examples" + (f", {len(errors)} of them errors" if errors else "")
    _each_in_order(found, asked, outputs)
    _said(found, outputs)
    if found.problems or len(errors) == len(outputs):
        return found
    nothing = _answers(found, generator, [])
    if nothing:
        found.add("protocol", f"asked about no example it yields {len(nothing)} outputs")
    own = getattr(generator, "signature", None)
    if own is None:
        found.tried += "; no signature, so nothing is kept in the cache"
    elif not isinstance(own, str) or not own:
        found.add("signature", f"its signature is {own!r}: text that names the model and the decoding, or leave it out")
    else:
        _keeps_its_word(found, trial, generator, asked, outputs)
        if seconds < _LONG:
            _tells_parameters_apart(found, trial, own)
        else:
            found.tried += f"; parameters not varied, for these took {seconds:.0f} s"
    return found


def try_trainer(trial: Trial) -> Findings:
    """What is wrong with a trainer, by a training on a few short examples of each kind that it accepts."""
    found = Findings()
    spec = trial.spec
    assert isinstance(spec, TrainerSpec)
    trainer = trial.built()
    splits = getattr(trainer, "splits", None)
    if isinstance(splits, str):
        found.add("protocol", f"its splits are the text {splits!r}: write a tuple, ({splits!r},)")
        return found
    taken = parameters(spec) or {}
    open_ended = parameters(spec) is None or any(one.kind is one.VAR_KEYWORD for one in taken.values())
    for name in () if open_ended else spec.free:
        if name not in taken:
            found.add("protocol", f"the spec's free names {name!r}, which is no parameter")
    held = list(_material(spec.accepts, splits))
    before = set(os.listdir())
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            done = train(trial.registry, "trial", trial.ref, held, folder)
            found.tried = f"trained on {len(held)} examples ({', '.join(spec.accepts)}): {len(done.files)} files"
            if not done.files:
                found.add("protocol", f"its checkpoint {done.checkpoint} is empty")
            _goes_on(found, trial, held, folder, done.checkpoint)
        except (KeyboardInterrupt, HarnessError):
            raise
        except BaseException as error:  # isolation, as for builders
            found.add("protocol", f"train(examples, folder) fails: {told(error)}")
        else:
            beside = sorted(path.name for path in folder.iterdir() if path.name not in ("trial", "trial.json"))
            beside += sorted(set(os.listdir()) - before)
            if beside:
                found.add("outside", f"it wrote {beside[0]!r} outside of the folder that it was given")
    return found


def _answers(found: Findings, generator: Any, examples: Sequence[Example]) -> list[Output] | None:
    """What it says, or None where that cannot be looked at further."""
    outputs: list[Output] = []
    try:
        said = generator.generate(examples)
        if not isinstance(said, Iterator):
            found.add(
                "protocol",
                f"generate returns a {type(said).__name__}: yield each output when it is there, for a stop loses none then",
            )
            return None
        for output in said:
            if not isinstance(output, Output):
                found.add("protocol", f"generate yields a {type(output).__name__} as number {len(outputs) + 1}, not an Output")
                return None
            outputs.append(output)
    except (KeyboardInterrupt, HarnessError):
        raise
    except BaseException as error:  # isolation, as for builders
        found.add("protocol", f"generate fails after {len(outputs)} outputs: {told(error)}")
        return None
    for output in outputs:
        try:
            to_json(msgspec.convert(msgspec.to_builtins(output), Output))
        except (msgspec.ValidationError, TypeError, UnicodeEncodeError) as error:
            found.add("fields", f"output {output.id!r} cannot be kept: {error}")
            return None
    return outputs


def _each_in_order(found: Findings, examples: Sequence[Example], outputs: Sequence[Output]) -> None:
    """At least one output an example, in their order, all of one example together, each with a sample number of its own."""
    places = {example.id: place for place, example in enumerate(examples)}
    for output in outputs:
        if output.example_id not in places:
            found.add("order", f"it answers {output.example_id!r}, an example that it was not given")
            return
    left = [id for id in places if id not in {output.example_id for output in outputs}]
    if left:
        found.add("order", f"it gives no output for {left[0]!r}: what cannot be answered is an Output whose finish is 'error'")
    given = [places[output.example_id] for output in outputs]
    if given != sorted(given):
        found.add("order", "its outputs are not in the examples' order; generate_as_done may be, generate may not")
    samples = [(output.example_id, output.sample) for output in outputs]
    twice = [one for one in samples if samples.count(one) > 1]
    if twice:
        found.add("ids", f"two outputs of {twice[0][0]!r} have the sample number {twice[0][1]}: number them from 0")
    elif len({output.id for output in outputs}) < len(outputs):
        found.add("ids", "two outputs have one id")


def _said(found: Findings, outputs: Sequence[Output]) -> None:
    for output in outputs:
        if output.finish == "error" and not output.meta.get("detail"):
            found.add("fields", f"output {output.id!r} is an error without a reason: say it in meta, as 'detail'")
        if output.finish != "error" and output.text is None and output.loglik is None:
            found.add(
                "fields", f"output {output.id!r} has neither text nor loglik: if there was no answer, its finish is 'error'"
            )


def _keeps_its_word(
    found: Findings, trial: Trial, generator: Any, examples: Sequence[Example], outputs: Sequence[Output]
) -> None:
    """Under a signature outputs are kept: the same one is a promise of the same outputs, alone and among others."""
    again = _answers(found, trial.built(), examples)
    if again is not None and _what(again) != _what(outputs):
        found.add("repeat", "built a second time, it says something else under the same signature: put the seed into it")
        return
    last = [output for output in outputs if output.example_id == examples[-1].id]
    alone = _answers(found, generator, examples[-1:])
    if alone is not None and _what(alone) != _what(last):
        who = f"{examples[-1].id!r} gets another answer alone than among others"
        found.add("alone", f"{who}: a run that was stopped asks for what is missing only")


def _what(outputs: Sequence[Output]) -> list[Any]:
    return [(output.example_id, output.sample, output.text, output.loglik) for output in outputs]


def _tells_parameters_apart(found: Findings, trial: Trial, own: str) -> None:
    for name, values in varied(trial.spec, trial.ref.params, trial.alternatives).items():
        if name in trial.without_effect:
            continue
        for value in values:
            try:
                other = trial.registry.build(trial.kind, PluginRef(trial.ref.name, {**trial.ref.params, name: value}))
            except PluginError:
                continue  # a wrong guess
            if getattr(other, "signature", None) == own:
                found.add("signature", f"{name}={value!r} leaves the signature as it is ({own}): old outputs would be served")
                break


def _material(kinds: Sequence[Kind], splits: Sequence[str | None] | None) -> Iterator[Example]:
    """A few short examples of each kind, of a split that the trainer learns from, and one of another split."""
    split = next((one for one in splits if one is not None), None) if splits else None
    plain = [msgspec.structs.replace(example, split=split) for example in examples_of()]
    for kind in kinds:
        for example, probe in zip(plain, PROBES, strict=True):
            yield msgspec.structs.replace(example, id=f"{kind}/{example.id}", kind=kind, **_shape(kind, example, probe.answers))


def _shape(kind: Kind, example: Example, answers: Sequence[str]) -> dict[str, Any]:
    reference = example.references[0]
    text = example.instruction or ""
    if kind == "chat":
        turns = (("user", text), ("assistant", answers[1]), ("user", text))
        return {"messages": tuple(_message(role, said) for role, said in turns)}
    if kind == "document":
        return {"messages": (_message("document", f"{text} {reference} {' '.join(answers)}"),), "references": ()}
    if kind == "choice":
        return {"choices": tuple(dict.fromkeys(chain([reference], answers)))}
    return {"source": text} if kind == "aligned" else {}


def _message(role: Any, text: str) -> Message:
    return Message(role=role, parts=(TextPart(text=text),))


def _goes_on(found: Findings, trial: Trial, examples: Sequence[Example], folder: Path, checkpoint: str) -> None:
    """Called again in a folder where it was stopped just before its end, it ends the same way."""
    (folder / "trial.json").unlink()
    try:
        again = train(trial.registry, "trial", trial.ref, examples, folder)
    except Exception as error:  # isolation; what the harness itself says of a second call is a fault of the trainer too
        found.add("resume", f"called again in its folder, as after a stop, it fails: {told(error)}")
        return
    if again.checkpoint != checkpoint:
        found.add("resume", f"called again in its folder, it returns {again.checkpoint} where it returned {checkpoint}")
