"""Instruction sets that are known by name: their files at a pinned commit, their licence and language."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.data import find_data
from harness.protocols import DataFiles
from harness_plugins.datasets.template.data import DATA

_RAW = "https://raw.githubusercontent.com"
_NATURAL = """
ff95ad62b8f4e923c4fa6b4f1ad6f6a0b2bf123af6d7e458d121150104b309cd  001_quoref_question_generation.jsonl
12981b6b986896b2a839d8f61adf691d29427ce9bf7b681af312633749d5b4c4  002_quoref_answer_generation.jsonl
13714ddd3148327500f371328440664c0b2ddfb56c4b39846b6ba149aef563f6  003_mctaco_question_generation_event_duration.jsonl
036397f6125783698f3995dac45736d2aa8cfe8c9b657112ac47aceb2d69c1ec  004_mctaco_answer_generation_event_duration.jsonl
8400c56197a86637b24261ad4ba72b091bb6a70154fc6048a0e2217c52cdf301  005_mctaco_wrong_answer_generation_event_duration.jsonl
c41d327ebd9ec3b09f445c1bab334af0b3e07879c0be6111d521e52513f60ccc  006_mctaco_question_generation_transient_stationary.jsonl
f1a353833a0f304993871752f91e0f8ddb4a684aa56b1290dfee2b9857230d34  007_mctaco_answer_generation_transient_stationary.jsonl
0e747ce210bd59b9e6e36251f41285bf7f9fe0fdae5c8b3097dd66dd5917e342  008_mctaco_wrong_answer_generation_transient_stationary.jsonl
fb83a01f976dde5af5556c940d7a493829b238315ed6697d63b4eecd03f4d764  009_mctaco_question_generation_event_ordering.jsonl
fb05ccb53365dc9c5b977b7b1ce959e7d23bbfaae05a2b282eb80b6f34d6adf1  010_mctaco_answer_generation_event_ordering.jsonl
44eafe34bfb5e9b06044007130f7d54b681966acd65e522f6d7a74238e9290d6  011_mctaco_wrong_answer_generation_event_ordering.jsonl
647cf450e12fc1521cc221f8a11e610e709ef5c7f58af51d19c227ee6579065b  012_mctaco_question_generation_absolute_timepoint.jsonl
"""
_BENCHES = """
d794bfc46ff04a87ad8552cf456c9135d5cc8ab384e5bc8735b42cc8d5298156  mt_bench/question.jsonl
3914533d3c2b0ab50cbc1dae290268de3de4106819b5aaabcefeddfa084f6fd5  mt_bench/questionEN.jsonl
f957a5bc977badb66885ec970e6cd08527845780313f0995764260e5777b9b3f  mt_bench/reference_answer/gpt-4.jsonl
4ae6aab5a99019fa130b6e26838cd86a8aa3a4330425d11e5c5ca9357c45c609  vicuna_bench/question.jsonl
c248c5c98ba45bb0c2aadae2f270e643bd32679c6c306a3b2a503ac4254cdaa5  vicuna_bench/questionEN.jsonl
"""


@dataclass(frozen=True)
class InstructionSet:
    """A set by name. `read` are the files (or folders) of `data` with its rows; `lines`: they hold sentences, not records.

    `task`: what of a file's stem (the first group) names the task of its rows; `form`: of all its answers.
    """

    name: str
    data: DataFiles
    read: Sequence[str]
    language: str
    format: str | None = None
    lines: bool = False
    task: str | None = None
    form: Literal["short", "long"] | None = None

    @property
    def licence(self) -> str:
        """Of the rows."""
        return self.data.licence

    def paths(self) -> list[Path]:
        """The files below the data home; InputError saying how to get what is absent."""
        folder = find_data(self.data, self.name)
        return [folder / path for path in self.read]


def instruction_sets() -> dict[str, InstructionSet]:
    """The sets, by name."""
    every = (_danish_seeds(), _alpaca_seeds(), *_sweinstruct(), *_mt_bench(), *_ntrex())
    return {found.name: found for found in every}


def data_files() -> dict[str, DataFiles]:
    """What `harness data get` fetches for each of the sets."""
    return {name: found.data for name, found in instruction_sets().items()}


def _below(prefix: str, listed: str) -> dict[str, str]:
    """Files by sha256, as `sha256sum` lists them."""
    pairs = (line.split() for line in listed.splitlines() if line.strip())
    return {f"{prefix}{name}": sha256 for sha256, name in pairs}


def _danish_seeds() -> InstructionSet:
    data = DataFiles(
        folder="laerebogen-danish-seeds",
        base_url=f"{_RAW}/alexandrainst/laerebogen/77633825260af34da8b9945f5df0bf1337b4fba9",
        files={
            "LICENSE": "913a4497985c2190395367771a207bb99866bf421ef4ef5c859da4853af05d4b",
            "data/seed_tasks.jsonl": "1d6422f024d39cf4e44f089c83929ec46d7104d9afb6162c928bc5b1f192dbdd",
        },
        licence="MIT AND CC-BY-NC-4.0",
        source="https://github.com/alexandrainst/laerebogen",
    )
    return InstructionSet("danish-seeds", data, ["data/seed_tasks.jsonl"], "da")


def _alpaca_seeds() -> InstructionSet:
    data = DataFiles(
        folder="alpaca-seed-tasks",
        base_url=f"{_RAW}/tatsu-lab/stanford_alpaca/761dc5bfbdeeffa89b8bff5d038781a4055f796a",
        files={
            "LICENSE": "7e451e27627c001a7f8c8c2c6ceecb79a21e0cf9482e5891f4ed21b4b5d0a0e3",
            "seed_tasks.jsonl": "7779004fa198fdf27cf70a159363879d8a26c53329e11b436af17b3941875f48",
        },
        licence="Apache-2.0",
        source="https://github.com/tatsu-lab/stanford_alpaca",
    )
    return InstructionSet("alpaca-seeds", data, ["seed_tasks.jsonl"], "en")


def _sweinstruct() -> list[InstructionSet]:
    data = DataFiles(
        folder="sweinstruct",
        base_url=f"{_RAW}/oskarholmstrom/sweinstruct/0c9891987f9971fe82daf245f73f220fff80d607",
        files={
            "LICENSE": "65b72162860202dc3a21e9238291ccf90a5f12e7a3d76664a0c0640899e875d8",
            **_below("data/natural_instructions_swe/sv_sample_subtask", _NATURAL),
            "data/unnatural_instructions_swe/test.jsonl": "a861921c25207d17da3ef00c0e5f525ff0d56f6e163f69e0b77fda05bca4d965",
        },
        licence="MIT AND Apache-2.0",
        source="https://github.com/oskarholmstrom/sweinstruct",
    )
    return [
        InstructionSet(
            "sweinstruct-natural", data, ["data/natural_instructions_swe"], "sv", task=r"subtask\d+_(.+)", form="short"
        ),
        InstructionSet("sweinstruct-unnatural", data, ["data/unnatural_instructions_swe/test.jsonl"], "sv", form="long"),
    ]


def _mt_bench() -> list[InstructionSet]:
    data = DataFiles(
        folder="mt-bench-sv-questions",
        base_url=f"{_RAW}/IsakNordg/SweFastChat/da02d9c647906e29d57e85b27b93acbc1528826f",
        files={
            "LICENSE": "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4",
            **_below("fastchat/llm_judge/data/", _BENCHES),
        },
        licence="Apache-2.0",
        source="https://github.com/IsakNordg/SweFastChat",
    )
    benches = ("mt-bench", "fastchat/llm_judge/data/mt_bench"), ("vicuna-bench", "fastchat/llm_judge/data/vicuna_bench")
    files = ("sv", "question.jsonl"), ("en", "questionEN.jsonl")
    return [
        InstructionSet(f"{name}-questions-{language}", data, [f"{folder}/{file}"], language)
        for name, folder in benches
        for language, file in files
    ]


def _ntrex() -> list[InstructionSet]:
    texts = "NTREX-128/newstest2019"
    return [
        InstructionSet("ntrex-continuations-en", DATA["ntrex"], [f"{texts}-src.eng.txt"], "en", "alpaca", lines=True),
        InstructionSet("ntrex-continuations-da", DATA["ntrex"], [f"{texts}-ref.dan.txt"], "da", "alpaca", lines=True),
    ]
