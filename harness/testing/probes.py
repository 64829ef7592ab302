"""Examples and outputs on which metrics are tried: small, Swedish and English, and everything that breaks text code."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harness.protocols import MetricSpec, Unit
from harness.records import Example, Output

LONG = 20_000  # characters of the longest answer


@dataclass(frozen=True)
class Probe:
    """One thing asked, with its references and answers of several systems, the same number of them in every probe."""

    instruction: str
    references: tuple[str, ...]
    answers: tuple[str, ...]


PROBES = (
    Probe(
        "Vad heter Sveriges huvudstad?",
        ("Huvudstaden heter Stockholm.",),
        ("Huvudstaden heter Stockholm.", "Stockholm är en stad i Sverige.", "Jag vet inte."),
    ),
    Probe("Skriv talet sju med bokstäver.", ("Sju.",), ("Sjuttio.", "Sju.", "Det är talet sju som skrivs ut.")),
    Probe(
        "Vad är motsatsen till varmt?",
        ("Motsatsen till varmt är kallt.",),
        ("Kallt, förstås!", "Motsatsen är varmt.", "Motsatsen till varmt är kallt."),
    ),
    Probe(
        "What do bees make?",
        ("Bees make honey, and some of them make wax.",),
        ("Honey.", "Bees make honey, and wax as well.", "They make noise."),
    ),
)

STRANGE = {
    "an empty answer": "",
    "an answer of white space": " \n\t\u00a0 ",
    "punctuation only": "… !? –",
    "emoji": "👩‍👩‍👧‍👦 🇸🇪 👍🏽",
    "decomposed letters (NFD)": unicodedata.normalize("NFD", "Räksmörgås på Öland"),
    "text from right to left": "שלום עולם, مرحبا بالعالم",
    "characters beyond the first plane": "𝔖𝔳𝔢𝔫𝔰𝔨𝔞 𐐷 𠜎",
    "control characters": "ett\x00två\x07tre\x1b[31m",
    "a lone combining mark": "\u0301",
    f"an answer of {LONG:,} characters": ("Räven hoppar över den lata hunden och går sedan hem. " * LONG)[:LONG],
    "a single word without an end": "ö" * 2_000,
}


def examples_of(probes: Sequence[Probe] = PROBES) -> list[Example]:
    """The probes as Examples with instruction, references and source."""
    return [
        Example.from_instruction(f"probe/{number}", probe.instruction, probe.references, language="sv", source=probe.instruction)
        for number, probe in enumerate(probes)
    ]


def units_of(spec: MetricSpec, probes: Sequence[Probe] = PROBES) -> tuple[list[Example], list[Unit]]:
    """The examples, and the units that a metric of this kind scores: outputs, pairs, groups, or systems."""
    examples = examples_of(probes)
    outputs = [
        [Output(id=f"{one.id}/{n}", example_id=one.id, system=f"s{n}", text=text) for n, text in enumerate(probe.answers)]
        for one, probe in zip(examples, probes, strict=True)
    ]
    if spec.unit == "corpus":
        return examples, [Unit(examples[0], of_system) for of_system in zip(*outputs, strict=True)]
    if spec.unit == "output":
        peers = "peers" in spec.needs
        return examples, [
            Unit(example, (output,), tuple(o for o in own if o is not output) if peers else ())
            for example, own in zip(examples, outputs, strict=True)
            for output in own
        ]
    size = 2 if spec.unit == "pair" else None
    return examples, [Unit(example, tuple(own[:size])) for example, own in zip(examples, outputs, strict=True)]


def with_text(unit: Unit, text: str) -> Unit:
    """The unit with this text in place of the first output's."""
    first = msgspec.structs.replace(unit.outputs[0], text=text)
    return Unit(unit.example, (first, *unit.outputs[1:]), unit.peers)


def with_example(unit: Unit, **fields: object) -> Unit:
    """The unit with other fields of its example."""
    return Unit(msgspec.structs.replace(unit.example, **fields), unit.outputs, unit.peers)
