"""What a metric scores in one go, in a fixed order, and why some of it cannot be scored."""

from collections.abc import Iterator, Mapping

from harness.errors import InputError
from harness.judgments import JudgmentSet
from harness.protocols import MetricSpec, Unit
from harness.records import Example, JudgmentInfo, Output, Status


def make_units(data: JudgmentSet, spec: MetricSpec) -> list[Unit]:
    """The units of a metric: one an output, two an unordered pair of preferences (both orders), one an example, or one a system.

    Outputs of reference systems are left out of the groups of a metric that needs references: they would meet themselves.
    Raises InputError for a pairwise metric on a set without preferences.
    """
    examples = {example.id: example for example in data.examples}
    if spec.unit == "pair":
        if not data.preferences:
            raise InputError(
                f"metric {spec.name!r} compares pairs of outputs, and {data.info.name} holds no preferences: leave it out, "
                "or take a source with preferences"
            )
        return list(_pairs(data, examples))
    if spec.unit == "group":
        return list(_groups(data, spec))
    if spec.unit == "corpus":
        return list(_corpora(data, examples))
    return [Unit(examples[output.example_id], (output,)) for output in data.outputs]


def why_unscorable(
    unit: Unit, info: JudgmentInfo, spec: MetricSpec, examples: Mapping[str, Example]
) -> tuple[Status, str] | None:
    """The status and detail of a unit that the metric is not asked about, or None. `examples` are those of the set, by id."""
    about = list({output.example_id: examples[output.example_id] for output in unit.outputs}.values())
    if "reference" in spec.needs:
        own = sorted({output.system for output in unit.outputs} & set(info.reference_systems))
        if own:
            return "reference-is-system", f"the outputs of {', '.join(own)} are the references"
        missing = [example.id for example in about if not example.references]
        if missing:
            return "no-reference", _lacks(missing, about, "reference")
    if "source" in spec.needs:
        missing = [example.id for example in about if example.source is None]
        if missing:
            return "no-source", _lacks(missing, about, "source")
    if spec.unit in ("output", "pair"):
        silent = [output.id for output in unit.outputs if output.text is None and output.loglik is None]
        if silent:
            return "empty", f"output {silent[0]!r} has neither a text nor log-likelihoods"
    return None


def _lacks(missing: list[str], about: list[Example], what: str) -> str:
    if len(about) == 1:
        return f"example {missing[0]!r} has no {what}"
    return f"{len(missing)} of {len(about)} examples have no {what}, the first is {missing[0]!r}"


def _pairs(data: JudgmentSet, examples: dict[str, Example]) -> Iterator[Unit]:
    outputs = {output.id: output for output in data.outputs}
    seen: set[frozenset[str]] = set()
    for preference in data.preferences:
        pair = frozenset((preference.output_a, preference.output_b))
        if pair in seen:
            continue
        seen.add(pair)
        first, second = outputs[preference.output_a], outputs[preference.output_b]
        example = examples[first.example_id]
        yield Unit(example, (first, second))
        yield Unit(example, (second, first))


def _groups(data: JudgmentSet, spec: MetricSpec) -> Iterator[Unit]:
    answers: dict[str, list[Output]] = {example.id: [] for example in data.examples}
    for output in data.outputs:
        answers[output.example_id].append(output)
    references = set(data.info.reference_systems) if "reference" in spec.needs else set()
    for example in data.examples:
        comparable = [output for output in answers[example.id] if output.system not in references]
        outputs = comparable or answers[example.id]
        if outputs:
            yield Unit(example, tuple(outputs))


def _corpora(data: JudgmentSet, examples: dict[str, Example]) -> Iterator[Unit]:
    for system in data.systems:
        outputs = tuple(output for output in data.outputs if output.system == system)
        yield Unit(examples[outputs[0].example_id], outputs)
