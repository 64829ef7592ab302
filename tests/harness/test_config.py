"""A run config is read into typed sections; whatever is wrong is named with its file, line and key."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import harness
from harness.config import RunConfig, bind, find_config, load_config, resolved, shipped
from harness.errors import ConfigError, PluginError
from harness.executors.choice import ExecutorChoice
from harness.meta.options import MetaOptions
from harness.protocols import JudgmentSourceSpec, MetricSpec
from harness.registry import Entry, PluginRef, Registry

JUDGMENTS = "judgments: gec-sv\n"
METRICS = JUDGMENTS + "metrics:\n"
MINIMAL = JUDGMENTS + "metrics: [chrf]\n"
META = MINIMAL + "metaevaluate:\n"


Read = Callable[..., RunConfig]


@pytest.fixture
def config(tmp_path: Path) -> Read:
    """A function that writes the text to a config file and reads that."""

    def read(text: str | bytes, name: str = "svenska.yaml") -> RunConfig:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return load_config(path)

    return read


def test_two_lines_are_a_config_named_after_its_file(config: Read) -> None:
    assert config(MINIMAL) == RunConfig(
        name="svenska",
        judgments=PluginRef("gec-sv"),
        systems=None,
        metrics=(PluginRef("chrf"),),
        metaevaluate=MetaOptions(),
        output="runs/svenska",
        plugins=(),
    )


def test_every_section_is_read(config: Read, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("")
    read = config(
        """
name: swedish
judgments: {source: gec-sv, systems: [granska, mt], rater: second}
metrics:
  - chrf
  - rouge-l:stemmer=swedish
  - chrf: {word-order: 2, beta: 2.0}
  - rouge-l: {tokenizer: rouge-score}
  - bleu:
metaevaluate:
  criteria: [meaning]
  groupings: [item]
  gap_tolerance: 1e-12
  seed: 7
output: out/svenska
plugins: [own.py]
"""
    )
    assert read == RunConfig(
        name="swedish",
        judgments=PluginRef("gec-sv", {"rater": "second"}),
        systems=("granska", "mt"),
        metrics=(
            PluginRef("chrf"),
            PluginRef("rouge-l", {"stemmer": "swedish"}),
            PluginRef("chrf", {"word_order": 2, "beta": 2.0}),
            PluginRef("rouge-l", {"tokenizer": "rouge-score"}),
            PluginRef("bleu"),
        ),
        metaevaluate=MetaOptions(criteria=("meaning",), groupings=("item",), gap_tolerance=1e-12, seed=7),
        output="out/svenska",
        plugins=(str((tmp_path / "own.py").resolve()),),
    )


@pytest.mark.parametrize(
    ("written", "ref", "systems"),
    [
        ("gec-sv:systems=machine", PluginRef("gec-sv"), "machine"),
        ("gec-sv:systems=[granska,mt],rater=second", PluginRef("gec-sv", {"rater": "second"}), ("granska", "mt")),
        ("{source: gec-sv, systems: machine}", PluginRef("gec-sv"), "machine"),
        ('{source: "gec-sv:rater=second", systems: machine}', PluginRef("gec-sv", {"rater": "second"}), "machine"),
        ("gec-sv\nsystems: machine", PluginRef("gec-sv"), "machine"),
        ("gec-sv:rater=second\nsystems: [granska, mt]", PluginRef("gec-sv", {"rater": "second"}), ("granska", "mt")),
        ("table:ratings.csv", PluginRef("table", {"": "ratings.csv"}), None),
        ("{source: table, file: ratings.csv}", PluginRef("table", {"file": "ratings.csv"}), None),
    ],
)
def test_judgments_may_be_a_word_with_parameters_or_a_mapping(
    config: Read, written: str, ref: PluginRef, systems: object
) -> None:
    read = config(f"judgments: {written}\nmetrics: [chrf]\n")
    assert (read.judgments, read.systems) == (ref, systems)


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + MINIMAL.encode(),
        MINIMAL.replace("\n", "\r\n").encode(),
        MINIMAL.rstrip().encode(),
        b"# f\xc3\xb6rst\n" + MINIMAL.encode(),
    ],
    ids=["byte order mark", "windows line ends", "no last line end", "comment"],
)
def test_files_of_all_editors_are_read(config: Read, text: bytes) -> None:
    assert config(text).metrics == (PluginRef("chrf"),)


BAD = [  # a config, and what the message says after the file's name
    ("", ": the file is empty"),
    ("# only a comment\n", ": the file is empty"),
    ("- chrf\n", ", line 1: expected keys and values"),
    ("chrf", ", line 1: expected keys and values"),
    ("metrics: [chrf]\n", ", line 1, judgments: whose judgments? Write, for example, `judgments: gec-sv`"),
    ("judgments:\nmetrics: [chrf]\n", ", line 1, judgments: whose judgments?"),
    ("judgments: gec-sv\n", ", line 1, metrics: which metrics?"),
    (MINIMAL + "systems: 3\n", ", line 3, systems: expected a system set or a list of systems, got 3"),
    (
        "judgments: {source: gec-sv, systems: machine}\nmetrics: [chrf]\nsystems: human\n",
        ", line 3, systems: systems are named below `judgments` as well; keep one of the two",
    ),
    (JUDGMENTS + "metrics: []\n", ", line 2, metrics: which metrics?"),
    (JUDGMENTS + "metrics: chrf\n", ", line 2, metrics: expected a list of metrics, got 'chrf'; write `metrics: [chrf"),
    (JUDGMENTS + "metric: [chrf]\n", ", line 2, metric: unknown key 'metric'. Did you mean 'metrics'"),
    (
        MINIMAL + "executor: {name: local, wrokers: 2}\n",
        ", line 3, executor.wrokers: unknown key 'wrokers'. Did you mean 'workers'",
    ),
    (MINIMAL + "executor: spark\n", ", line 3, executor: there is no executor 'spark'. Known: auto, local, ray, serial."),
    (MINIMAL + "executor: {name: serial, workers: 2}\n", ", line 3, executor.workers: workers goes with the executors auto"),
    (META + "  seed: 1\n  foldss: 3\n", ", line 5, metaevaluate.foldss: unknown key 'foldss'. Did you mean 'folds'"),
    (META + "  folds: five\n", ", line 4, metaevaluate.folds: expected a whole number, got text"),
    (META + "  folds: 2.5\n", ", line 4, metaevaluate.folds: expected a whole number, got a number"),
    (META + "  criteria: meaning\n", ", line 4, metaevaluate.criteria: expected a list, got text"),
    (META + "  groupings:\n    - item\n    - sistem\n", ", line 6, metaevaluate.groupings[2]: invalid enum value 'sistem'"),
    (META + "  seed: 1\n  folds: 1\n", ", line 5, metaevaluate.folds: folds must be at least 2, got 1"),
    (META + "  alpha: .nan\n", ", line 4, metaevaluate.alpha: .nan is not a finite number"),
    (META + "  alpha: -.INF\n", ", line 4, metaevaluate.alpha: -.INF is not a finite number"),
    (META + "  alpha: 1e999\n", ", line 4, metaevaluate.alpha: 1e999 is not a finite number"),
    (META + "  alpha: nan\n", ", line 4, metaevaluate.alpha: expected a number, got text"),
    (MINIMAL + "metaevaluate: 3\n", ", line 3, metaevaluate: expected keys and values, got 3"),
    (META + "\tfolds: 3\n", ", line 4: not valid YAML: found character '\\t' that cannot start any token (YAML is indented"),
    (MINIMAL + "judgments: table\n", ", line 3, judgments: the key is here twice, first in line 1; keep one"),
    (METRICS + "- chrf: {beta: 1, beta: 2}\n", ", line 3, metrics[1].chrf.beta: the key is here twice"),
    (JUDGMENTS + "metrics: [chrf\n", ", line 3: not valid YAML"),
    (METRICS + "- chrf\n- bleu\n- chrf\n", ", line 5, metrics[3]: metric 'chrf' is here twice, first in line 3"),
    (METRICS + "- chrf:n=2\n- chrf: {n: 2}\n", ", line 4, metrics[2]: metric {'chrf': {'n': 2}} is here twice, first in line 3"),
    (METRICS + "- 3\n", ", line 3, metrics[1]: expected a plugin's name, got 3"),
    (METRICS + "- chrf:\n  beta: 2\n", ", line 3, metrics[1]: expected one metric with its parameters, got the keys chrf, beta"),
    (METRICS + "- rouge-l: swedish\n", ", line 3, metrics[1].rouge-l: expected parameters (`{stemmer: swedish}`), got 'swed"),
    (METRICS + "- chrf\n- chrf:n=2,n=3\n", ", line 4, metrics[2]: 'chrf:n=2,n=3': 'n' is given twice"),
    (METRICS + "- chrf:n=1: {n: 2}\n", ", line 3, metrics[1]: the parameter 'n' is given twice"),
    (METRICS + "- chrf: {eff: yes}\n", ", line 3, metrics[1].chrf.eff: write true or false, or put it in quotes ('yes')"),
    (METRICS + "- chrf: {order: 012}\n", ", line 3, metrics[1].chrf.order: 012 is read differently by YAML versions"),
    (METRICS + "- chrf: {1: 2}\n", ", line 3, metrics[1].chrf: a key must be text, got 1; put it in quotes"),
    ("judgments: !!python/object/apply:os.getcwd []\n", ", line 1, judgments: the tag tag:yaml.org,2002:python"),
    ("judgments: !!binary aGVq\n", ", line 1, judgments: the tag tag:yaml.org,2002:binary is not allowed"),
    ("judgments: &a [*a]\n", ", line 1, judgments[1]: an anchor must not contain itself"),
    ("judgments: {<<: 3}\n", ", line 1, judgments: `<<` takes a mapping that has an anchor"),
    ("judgments: {<<: {a: 1}, <<: {b: 1}}\n", ", line 1, judgments: `<<` is here twice; give one a list"),
    ("judgments: &a {<<: *a}\n", ", line 1, judgments: an anchor must not contain itself"),
    ("judgments: {systems: machine}\n", ", line 1, judgments: the key `source` is missing"),
    ("judgments:\n  source: gec-sv\n  systems: 3\n", ", line 3, judgments.systems: expected a system set or a list of sys"),
    ("judgments: [gec-sv]\n", ", line 1, judgments: expected a plugin's name, got ['gec-sv']"),
    (MINIMAL + "name: ../../etc\n", ", line 3, name: '../../etc' is to be a folder's name"),
    (MINIMAL + "name: 2024\n", ", line 3, name: expected text, got 2024"),
    (MINIMAL + "output: [x]\n", ", line 3, output: expected text, got ['x']"),
    (MINIMAL + "plugins: own.py\n", ", line 3, plugins: expected a list of files, got 'own.py'; write `plugins: [my_metric.py]`"),
    (MINIMAL + "plugins:\n- absent.py\n", ", line 4, plugins[1]: there is no file "),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[text.replace("\n", "|")[-40:] for text, _ in BAD])
def test_what_is_wrong_is_named_with_file_line_and_key(config: Read, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(text)
    assert str(caught.value).startswith(f"{tmp_path / 'svenska.yaml'}{message}")


def test_a_file_that_is_not_utf8_is_named_with_the_line(config: Read, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"svenska\.yaml, line 2: not UTF-8"):
        config("judgments: gec-sv\nname: första\nmetrics: [chrf]\n".encode("latin-1"))


def test_merged_mappings_are_those_of_pyyaml_and_keep_their_lines(tmp_path: Path) -> None:
    from harness.yaml_lines import read_yaml

    text = """a: &base {x: 1, y: {z: 2}}
b: &more
  x: 3
  <<: *base
c: {<<: [{x: 4, q: 5}, *more], w: 6}
d: {"<<": 7}
"""
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    document = read_yaml(path)
    assert document.value == {**yaml.safe_load(text), "d": {"<<": 7}}
    assert document.value["c"] == {"x": 4, "q": 5, "y": {"z": 2}, "w": 6}
    assert (document.line("b", "x"), document.line("b", "y")) == (3, 1)
    assert document.part("c", "y").value == {"z": 2}


def test_an_anchor_is_read_once_however_often_it_is_named(config: Read) -> None:
    layers = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    with pytest.raises(ConfigError, match="line 3, a0: unknown key 'a0'"):
        config(MINIMAL + "a0: &a0 [x]\n" + layers)


@pytest.mark.parametrize(
    ("section", "choice"),
    [
        ("", ExecutorChoice()),
        ("executor: local\n", ExecutorChoice(name="local")),
        ("executor: {name: local, workers: 3}\n", ExecutorChoice(name="local", workers=3)),
        ("executor: {name: ray, ray_address: 'head:6379'}\n", ExecutorChoice(name="ray", ray_address="head:6379")),
    ],
)
def test_where_outputs_are_scored_is_read_and_is_no_part_of_the_resolved_config(
    config: Read, section: str, choice: ExecutorChoice
) -> None:
    read = config(MINIMAL + section)
    assert read.executor == choice
    assert resolved(read) == resolved(config(MINIMAL))


@pytest.mark.parametrize(
    "text",
    [
        MINIMAL,
        "judgments: gec-sv:systems=machine,rater=second\nmetrics: [chrf, chrf:beta=1.5]\n",
        "judgments: {source: table, columns: {text: svar}, systems: [a, b]}\nmetrics: [{rouge-l: {stemmer: 'no'}}]\n",
        "judgments: table:ratings.csv\nmetrics: [own:bare word]\nmetaevaluate: {gap_tolerance: 1e-12}\noutput: /tmp/x\n",
    ],
)
def test_the_resolved_config_is_plain_says_every_default_and_loads_as_the_same_config(config: Read, text: str) -> None:
    read = config(text)
    plain = resolved(read)
    assert plain["metaevaluate"]["folds"] == 5
    assert config(yaml.safe_dump(plain, allow_unicode=True), "again.yaml") == read


characters = st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_categories=["Cc"])  # PyYAML writes \x85 as it is
# YAML 1.1, which writes here, leaves 1e3 without quotes; YAML 1.2, which is read here, takes that for a number
words = st.text(characters, min_size=1, max_size=6).filter(lambda word: not re.fullmatch(r"[-+.0-9_eE]+", word))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), words | st.integers() | st.booleans() | st.none(), max_size=4)
)
def test_parameters_survive_being_written_and_read(config: Read, params: dict[str, object]) -> None:
    text = yaml.safe_dump({"judgments": "gec-sv", "metrics": [{"chrf": params}]}, allow_unicode=True)
    assert config(text).metrics == (PluginRef("chrf", params),)


def registry() -> Registry:
    found = Registry()
    found.entries["judgment source"]["table"] = Entry(JudgmentSourceSpec("table", build=dict, argument="file"), "table", "dist")
    found.entries["metric"]["chrf"] = Entry(MetricSpec("chrf", build=dict), "chrf", "dist")
    return found


def test_a_bare_word_goes_to_the_parameter_that_the_plugin_names() -> None:
    bare = PluginRef("table", {"": "ratings.csv", "rater": "r"})
    assert bind(bare, registry(), "judgment source") == PluginRef("table", {"file": "ratings.csv", "rater": "r"})
    whole = PluginRef("chrf", {"beta": 2})
    assert bind(whole, registry(), "metric") == whole
    with pytest.raises(PluginError, match="metric 'chrf:swedish': expected key=value after the colon, got 'swedish'"):
        bind(PluginRef("chrf", {"": "swedish"}), registry(), "metric")
    with pytest.raises(PluginError, match=r"judgment source 'table:a\.csv': the parameter 'file' is given twice"):
        bind(PluginRef("table", {"": "a.csv", "file": "b.csv"}), registry(), "judgment source")
    with pytest.raises(PluginError, match=r"unknown metric 'chrff'\. Did you mean 'chrf'"):
        bind(PluginRef("chrff"), registry(), "metric")


@pytest.mark.parametrize("place", ["harness/_data/configs", "configs"], ids=["installed", "checkout"])
def test_a_file_of_the_user_comes_before_a_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    folder = tmp_path / "home" / place
    (folder / "gates").mkdir(parents=True)
    for name in ("swedish.yaml", "gates/tight.yaml"):
        (folder / name).write_text(MINIMAL)
    (tmp_path / "home" / "pyproject.toml").write_text("")
    monkeypatch.setattr(harness, "__file__", str(tmp_path / "home" / "harness" / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    assert shipped("configs") == folder
    for name in ("swedish.yaml", "swedish", "configs/swedish.yaml"):
        assert find_config(name) == folder / "swedish.yaml"
    assert find_config("gates/tight") == folder / "gates" / "tight.yaml"
    assert load_config("swedish").name == "swedish"
    with pytest.raises(
        ConfigError, match=r"there is no file swedsh, and no shipped config of this name\. Did you mean 'swedish.yaml'"
    ):
        find_config("swedsh")
    with pytest.raises(ConfigError, match="there is no file"):
        find_config("../pyproject.toml")
    with pytest.raises(ConfigError, match="is a folder"):
        find_config("home")
    Path("swedish.yaml").write_text(MINIMAL)
    assert find_config("swedish.yaml") == Path("swedish.yaml")


def test_a_neighbour_called_configs_in_site_packages_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs").mkdir()
    monkeypatch.setattr(harness, "__file__", str(tmp_path / "harness" / "__init__.py"))
    with pytest.raises(ConfigError, match="the folder 'configs' is missing from this installation"):
        shipped("configs")


def test_importing_config_is_cheap() -> None:
    program = "import sys, harness.config; print([m for m in ('yaml', 'pluggy', 'numpy', 'pyarrow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
