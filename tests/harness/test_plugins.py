"""Plugins are found, a broken one is named and takes nothing else with it, and two of one name stop the run."""

import ast
import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import MissingExtra, PluginError
from harness.plugins import load_plugins
from harness.registry import PluginRef, parse_ref, parse_value

ROOT = Path(__file__).resolve().parents[2]

METRIC = """
from harness import MetricSpec, hookimpl

class Half:
    signature = "{name}|v:1"
    def score(self, units):
        return [0.5 for unit in units]

@hookimpl
def harness_metrics():
    return [MetricSpec("{name}", build=Half, help="one half")]
"""
BROKEN = {
    "import-fails": ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
    "does-not-parse": ("def harness_metrics(:", "SyntaxError"),
    "exits": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "ends-oddly": ("class Skipped(BaseException): pass\nraise Skipped('not on this machine')", "Skipped: not on this machine"),
    "hook-exits": (
        "from harness import hookimpl\n@hookimpl\ndef harness_metrics():\n    raise SystemExit(0)",
        "harness_metrics failed: SystemExit: 0",
    ),
    "hook-raises": (
        "from harness import hookimpl\n@hookimpl\ndef harness_metrics():\n    raise RuntimeError('no luck')",
        "harness_metrics failed: RuntimeError: no luck",
    ),
    "returns-none": (
        "from harness import hookimpl\n@hookimpl\ndef harness_metrics(): pass",
        "harness_metrics must return a list of MetricSpec, got None",
    ),
    "returns-one": (
        "from harness import MetricSpec, hookimpl\n@hookimpl\ndef harness_metrics(): return MetricSpec('alone', build=dict)",
        "harness_metrics must return a list of MetricSpec, got one MetricSpec; put it in a list",
    ),
    "returns-another-kind": (
        "from harness import TrainerSpec, hookimpl\n@hookimpl\ndef harness_metrics(): return [TrainerSpec('t', build=dict)]",
        "harness_metrics must return a list of MetricSpec, got one that holds TrainerSpec",
    ),
    "bad-name": (
        "from harness import MetricSpec, hookimpl\n@hookimpl\ndef harness_metrics(): return [MetricSpec('No Kebab', build=dict)]",
        "a plugin's name is kebab-case",
    ),
    "misspelled": (
        "from harness import hookimpl\n@hookimpl\ndef harness_metric(): return []",
        "there is no hook 'harness_metric'. Did you mean 'harness_metrics'",
    ),
    "misspelled-and-undecorated": ("def harness_metrisc(): return []", "there is no hook 'harness_metrisc'"),
    "undecorated": ("def harness_metrics(): return []", "harness_metrics lacks the decorator @hookimpl"),
    "wants-arguments": (
        "from harness import hookimpl\n@hookimpl\ndef harness_metrics(config): return []",
        "Argument(s) {'config'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "empty": ("ANSWER = 42", "it implements no hook"),
}


class Lab:
    """A folder on the import path into which a test puts distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def distribute(self, name, plugins=None, commands=None, metadata=""):
        """A distribution whose entry points name one module each: entry name → source."""
        info = self.folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}")
        lines = []
        for group, attribute, sources in (("harness.plugins", "", plugins or {}), ("harness.commands", ":run", commands or {})):
            lines.append(f"[{group}]")
            for entry, source in sources.items():
                # a name of its own in each test, for Python remembers what it imported
                module = re.sub(r"\W", "_", f"lab_{self.folder.name}_{name}_{entry}")
                (self.folder / f"{module}.py").write_text(source, encoding="utf-8")
                lines.append(f"{entry} = {module}{attribute}")
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")

    def harness(self, *arguments, **environment):
        """What a shell sees: a new process with this folder on its import path."""
        path = os.pathsep.join([str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "300", **environment},
        )


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("HARNESS_PLUGINS", raising=False)
    return Lab(tmp_path)


def reasons(registry, plugin):
    return [problem.reason for problem in registry.problems if problem.plugin == plugin]


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_named_with_its_reason_and_the_next_one_loads(lab, source, reason):
    lab.distribute("broken-dist", plugins={"aaa-broken": source})
    lab.distribute("good-dist", plugins={"zzz-good": METRIC.format(name="half")})
    registry = load_plugins()
    (problem,) = [problem for problem in registry.problems if problem.plugin == "aaa-broken"]
    assert problem.distribution == "broken-dist"
    assert reason in problem.reason
    assert not problem.fatal
    assert registry.find("metric", "half").distribution == "good-dist"
    assert reasons(registry, "zzz-good") == []


def test_the_reason_names_the_line_of_the_plugin_that_raised(lab):
    lab.distribute("broken-dist", plugins={"broken": "x = 1\n\nraise ValueError('three')"})
    (reason,) = reasons(load_plugins(), "broken")
    (module,) = lab.folder.glob("lab_*_broken.py")
    assert reason == f"ValueError: three ({module}, line 3)"


def test_one_bad_spec_leaves_the_plugins_other_specs_in(lab):
    source = METRIC.format(name="half").replace('help="one half")]', 'help="one half"), "chalk"]')
    lab.distribute("mixed-dist", plugins={"mixed": source})
    registry = load_plugins()
    assert reasons(registry, "mixed") == ["harness_metrics must return a list of MetricSpec, got one that holds 'chalk'"]
    assert registry.find("metric", "half").plugin == "mixed"


def test_two_plugins_of_one_name_stop_the_run_and_both_are_named(lab):
    lab.distribute("first-dist", plugins={"same": METRIC.format(name="one")})
    lab.distribute("second-dist", plugins={"same": METRIC.format(name="two")})
    with pytest.raises(PluginError, match=r"'same' \(from second-dist\).*already loaded from first-dist"):
        load_plugins()
    registry = load_plugins(strict=False)
    assert [problem.fatal for problem in registry.problems if problem.plugin == "same"] == [True]


def test_two_metrics_of_one_name_stop_the_run_and_both_are_named(lab):
    lab.distribute("first-dist", plugins={"aaa": METRIC.format(name="twin")})
    lab.distribute("second-dist", plugins={"bbb": METRIC.format(name="twin")})
    expected = r"'bbb' \(from second-dist\): it offers the metric 'twin', which plugin 'aaa' \(from first-dist\) offers too"
    with pytest.raises(PluginError, match=expected):
        load_plugins()


def test_one_plugin_that_offers_a_name_twice_is_told_so(lab):
    source = METRIC.format(name="twin").replace('help="one half")]', 'help="one half")] * 2')
    lab.distribute("first-dist", plugins={"aaa": source})
    with pytest.raises(PluginError, match=r"'aaa' .* offers the metric 'twin', which itself offers too"):
        load_plugins()


def test_a_plain_file_is_a_plugin(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(METRIC.format(name="half"))
    entry = load_plugins([file]).find("metric", "half")
    assert (entry.plugin, entry.distribution, entry.file) == ("mine", str(file), file)


def test_the_environment_variable_names_files_and_a_file_named_twice_is_loaded_once(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(METRIC.format(name=name))
    monkeypatch.setenv("HARNESS_PLUGINS", os.pathsep.join(str(tmp_path / f"{name}.py") for name in ("one", "two")))
    registry = load_plugins([tmp_path / "one.py"])
    assert registry.find("metric", "one").plugin == "one"
    assert registry.find("metric", "two").plugin == "two"
    assert reasons(registry, "one") == reasons(registry, "two") == []


def test_a_named_file_that_cannot_be_loaded_stops_the_run_and_one_of_the_environment_does_not(tmp_path, monkeypatch):
    absent, text = tmp_path / "absent.py", tmp_path / "notes.txt"
    text.write_text("not Python")
    with pytest.raises(PluginError, match=r"there is no such file: .*absent\.py"):
        load_plugins([absent])
    with pytest.raises(PluginError, match=r"must be Python source, its name ending in \.py"):
        load_plugins([text])
    monkeypatch.setenv("HARNESS_PLUGINS", str(absent))
    assert len(reasons(load_plugins(), "absent")) == 1


def test_an_unknown_name_is_answered_with_close_ones_and_with_what_did_not_load(lab):
    lab.distribute("good-dist", plugins={"good": METRIC.format(name="word-recall")})
    lab.distribute("broken-dist", plugins={"broken": "import no_such_module_anywhere"})
    with pytest.raises(
        PluginError, match=r"unknown metric 'wordrecall'\. Did you mean 'word-recall'\?.*'broken' \(from broken-dist\)"
    ):
        load_plugins().find("metric", "wordrecall")


def needing(name, extra):
    source = METRIC.format(name=name).replace("build=Half", f"build=build, extra={extra!r}")
    return source + "\ndef build(strength: int = 1):\n    import no_such_module_anywhere\n"


def test_a_missing_extra_is_answered_with_the_exact_pip_line(lab):
    lab.distribute("needy-dist", plugins={"needy": needing("needy", "fast")})
    with pytest.raises(MissingExtra) as caught:
        load_plugins().build("metric", PluginRef("needy"))
    assert str(caught.value) == (
        "metric 'needy' needs the package 'no_such_module_anywhere'; install it with: pip install 'needy-dist[fast]'"
    )


def test_a_missing_package_without_an_extra_is_named(lab):
    lab.distribute("needy-dist", plugins={"needy": needing("needy", None)})
    with pytest.raises(
        PluginError, match=r"'needy' \(from needy-dist\) cannot be built: No module named 'no_such_module_anywhere'"
    ):
        load_plugins().build("metric", PluginRef("needy"))


@pytest.mark.parametrize(
    ("build", "params", "complaint"),
    [
        ("def build(strength=1): return Half()", {"strenght": 2}, r"has no parameter 'strenght'\. Did you mean 'strength'\?"),
        ("def build(strength): return Half()", {}, r"'half' needs the parameter 'strength': half:strength="),
        ("def build(**anything): return Half()", {"any": 1}, None),
        ("def build(strength=1): raise ValueError('too strong')", {"strength": 9}, r"'half:strength=9' .*: too strong"),
        ("def build(): return object()", {}, r"build returned object, which lacks 'signature' and 'score'; see Metric"),
    ],
)
def test_parameters_and_what_a_build_returns_are_checked(lab, build, params, complaint):
    lab.distribute("some-dist", plugins={"some": METRIC.format(name="half").replace("build=Half", "build=build") + build})
    registry = load_plugins()
    if complaint is None:
        assert registry.build("metric", PluginRef("half", params)).signature == "half|v:1"
    else:
        with pytest.raises(PluginError, match=complaint):
            registry.build("metric", PluginRef("half", params))


@pytest.mark.parametrize(
    ("text", "argument", "name", "params"),
    [
        ("chrf", None, "chrf", {}),
        ("rouge-l:tokenizer=rouge-score", None, "rouge-l", {"tokenizer": "rouge-score"}),
        ("chrf:word-order=2,beta=3", None, "chrf", {"word_order": 2, "beta": 3}),
        ("m:a=0.5,b=true,c=null,d=1e-3,e=007,f=1:30,g=no", None, "m",
         {"a": 0.5, "b": True, "c": None, "d": 0.001, "e": "007", "f": "1:30", "g": "no"}),
        ("m:a=[1,x,true],b='1'", None, "m", {"a": [1, "x", True], "b": "1"}),
        ("m:a=x,y,b=2", None, "m", {"a": "x,y", "b": 2}),
        ("table:ratings, final.csv", "path", "table", {"path": "ratings, final.csv"}),
        ("table:C:/x.csv,systems=a", "path", "table", {"path": "C:/x.csv", "systems": "a"}),
        ("table:x.csv:raters=[Anna,Bo]", "path", "table", {"path": "x.csv", "raters": ["Anna", "Bo"]}),
        ("table:x.csv:language=sv,item=a:b=c", "path", "table", {"path": "x.csv", "language": "sv", "item": "a:b=c"}),
        ("table:C:\\x.csv:language=sv", "path", "table", {"path": "C:\\x.csv", "language": "sv"}),
        ("table:C:x=1.csv", "path", "table", {"path": "C:x=1.csv"}),
        ("table:run/12:30.csv", "path", "table", {"path": "run/12:30.csv"}),
        ("table:path=a:b=c.csv", "path", "table", {"path": "a:b=c.csv"}),
    ],
)  # fmt: skip
def test_a_reference_is_read_as_its_writer_means_it(text, argument, name, params):
    assert parse_ref(text, argument) == PluginRef(name, params)


@pytest.mark.parametrize(
    ("text", "complaint"), [("chrf:word", "expected key=value after the colon, got 'word'"), ("m:a=1,a=2", "'a' is given twice")]
)
def test_a_reference_that_cannot_be_read_says_why(text, complaint):
    with pytest.raises(PluginError, match=complaint):
        parse_ref(text)


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_characters=",=[]", exclude_categories=["Cs"]))
)  # fmt: skip


@given(scalars | st.lists(scalars.filter(lambda value: not isinstance(value, str) or value == value.strip()), max_size=4))
def test_a_written_reference_reads_as_the_same_reference(value):
    ref = PluginRef("m", {"key": value, "other": 1})
    read = parse_ref(str(ref))
    assert read == ref
    assert type(read.params["key"]) is type(value)


@given(st.text())
def test_a_value_that_is_quoted_is_that_text(text):
    assert parse_value(f'"{text}"') == text


def test_the_shell_sees_every_problem_at_once_and_what_is_whole_still_works(lab):
    lab.distribute("broken-dist", plugins={name: source for name, (source, _) in BROKEN.items()})
    lab.distribute("good-dist", plugins={"good": METRIC.format(name="half")})
    listed = lab.harness("plugins", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    answer = json.loads(listed.stdout)
    problems = {problem["plugin"]: problem for problem in answer["problems"]}
    for name, (_, reason) in BROKEN.items():
        assert reason in problems[name]["reason"]
        assert problems[name]["distribution"] == "broken-dist"
    assert ("metric", "half", "good-dist") in {(row["kind"], row["name"], row["distribution"]) for row in answer["plugins"]}
    checked = lab.harness("plugins", "check", "half", "misspelled")
    assert checked.returncode == 3
    (line,) = checked.stderr.splitlines()
    assert line.startswith("plugin 'misspelled' (from broken-dist): there is no hook 'harness_metric'. Did you mean")
    assert "ok" in checked.stdout
    assert "half" in checked.stdout


def test_the_shell_refuses_to_choose_between_two_of_one_name(lab):
    lab.distribute("first-dist", plugins={"aaa": METRIC.format(name="twin")})
    lab.distribute("second-dist", plugins={"bbb": METRIC.format(name="twin")})
    stopped = lab.harness("data", "list")
    assert stopped.returncode == 2
    assert "Traceback" not in stopped.stderr
    assert "first-dist" in stopped.stderr
    assert "second-dist" in stopped.stderr
    assert "twin" in lab.harness("plugins", "list").stdout


def test_a_file_is_a_plugin_in_the_shell_by_option_and_by_environment(lab):
    file = lab.folder / "mine.py"
    file.write_text(METRIC.format(name="half"))
    for found in (
        lab.harness("--plugin", str(file), "plugins", "list", "--json"),
        lab.harness("plugins", "list", "--json", "--plugin", str(file)),
        lab.harness("plugins", "list", "--json", HARNESS_PLUGINS=str(file)),
    ):
        rows = {row["name"]: row for row in json.loads(found.stdout)["plugins"]}
        assert rows["half"]["distribution"] == str(file)
    checked = lab.harness("plugins", "check", str(file))
    assert checked.returncode == 0
    assert "half" in checked.stdout


def test_a_missing_extra_is_listed_with_its_pip_line(lab):
    metadata = "Provides-Extra: fast\nRequires-Dist: no-such-distribution-anywhere>=2; extra == 'fast'\n"
    lab.distribute("needy-dist", plugins={"needy": needing("needy", "fast")}, metadata=metadata)
    rows = {row["name"]: row for row in json.loads(lab.harness("plugins", "list", "--json").stdout)["plugins"]}
    assert rows["needy"]["missing"] == ["no-such-distribution-anywhere"]
    assert rows["needy"]["install"] == "pip install 'needy-dist[fast]'"
    checked = lab.harness("plugins", "check", "needy", "--json")
    assert checked.returncode == 0
    (check,) = json.loads(checked.stdout)["checks"]
    assert check["status"] == "skipped"
    assert "pip install 'needy-dist[fast]'" in check["detail"]


def test_commands_of_strangers_are_listed_unimported_and_a_broken_one_breaks_alone(lab):
    hello = "import click\n@click.command()\ndef run():\n    click.echo('hej')"
    lab.distribute("stranger", commands={"hello": hello, "crash": "1 / 0", "number": "run = 7"})
    lab.distribute("twin-a", commands={"twin": hello})
    lab.distribute("twin-b", commands={"twin": hello})
    shown = lab.harness("--help")
    assert shown.returncode == 0, shown.stderr
    lines = {line.split()[0]: line for line in shown.stdout.splitlines() if line.startswith("  ") and line.split()}
    assert lines["hello"].endswith("(from stranger)")
    assert "crash" in lines
    assert "twin-a and twin-b" in lines["twin"]
    assert lab.harness("hello").stdout == "hej\n"
    crash = lab.harness("crash")
    assert crash.returncode == 2
    assert "command 'crash' (from stranger) cannot be loaded: ZeroDivisionError: division by zero" in crash.stderr
    assert "must be a click command, got int" in lab.harness("number").stderr
    assert "offered by twin-a and twin-b" in lab.harness("twin").stderr


def test_a_strangers_command_that_fails_is_told_without_a_traceback_unless_one_is_asked_for(lab):
    fails = "import click\n@click.command()\ndef run():\n    {}['missing']"
    exits = "import click, sys\n@click.command()\ndef run():\n    sys.exit(7)"
    lab.distribute("stranger", commands={"fails": fails, "exits": exits})
    failed = lab.harness("fails")
    assert failed.returncode == 2
    assert "command 'fails' (from stranger) failed: KeyError: 'missing'" in failed.stderr
    assert "line 4" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "Traceback" in lab.harness("fails", HARNESS_TRACEBACK="1").stderr
    assert lab.harness("exits").returncode == 7


def test_the_core_names_no_plugin():
    names = {entry.spec.name for of_kind in load_plugins().entries.values() for entry in of_kind.values()}
    modules = {point.value.partition(".")[0] for point in entry_points(group="harness.plugins")}
    assert {"chrf", "gec-sv"} <= names
    # words of the core too: tables, fields, marks in texts, commands, packages and an API are called so
    names -= {"instructions", "lm-eval", "openai", "preferences", "recorded", "records", "table", "template", "transformers"}
    named = []
    for path in sorted((ROOT / "harness").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        named += [f"{path.name}: {module}" for module in modules if module in text]
        tree = ast.parse(text)
        # lm-eval calls two of its own metrics by these words, and boards read its results
        words = names - {"bleu", "chrf"} if path.parent.name == "leaderboard" else names
        constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in words]
        named += [f"{path.name}, line {node.lineno}: {node.value!r}" for node in constants]
    assert named == []


def test_a_plugin_that_is_disabled_by_name_or_distribution_is_not_imported(lab, monkeypatch):
    lab.distribute("slow-lab", {"half": METRIC.format(name="half"), "bad": "raise RuntimeError('imported')"})
    lab.distribute("other-lab", {"third": METRIC.format(name="third")})
    monkeypatch.setenv("HARNESS_DISABLED_PLUGINS", "bad, other-lab")
    registry = load_plugins()
    assert "half" in registry.entries["metric"]
    assert "third" not in registry.entries["metric"]
    assert reasons(registry, "bad") == []
    assert {one.plugin for one in registry.loaded if one.disabled} == {"bad", "third"}
    said = lab.harness("plugins", "list", HARNESS_DISABLED_PLUGINS="bad,other-lab")
    assert "plugin 'third' (from other-lab): disabled by HARNESS_DISABLED_PLUGINS" in said.stderr


def test_the_list_says_version_and_load_time_and_how_to_leave_a_broken_one_out(lab):
    lab.distribute("slow-lab", {"half": "import time\ntime.sleep(0.2)\n" + METRIC.format(name="half"), "bad": "1/0"})
    said = lab.harness("plugins", "list")
    (line,) = (line for line in said.stdout.splitlines() if " half " in line)
    assert "slow-lab 1.0" in line
    assert 200 <= int(re.search(r"(\d+) ms", line)[1]) < 20_000
    assert "ZeroDivisionError" in said.stderr
    assert "HARNESS_DISABLED_PLUGINS=NAME" in said.stderr


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("2", ["it is written for version 2 of the hooks, and since then this changed: 3: score takes units, not texts. Look"]),
        ("3", []),
        ("4", ["it is written for version 4 of the hooks, and this program has 3: upgrade metaeval-harness"]),
        ("'new'", ["HARNESS_HOOKS is a whole number, the version of the hooks (now 3), got 'new'"]),
    ],
)
def test_a_plugin_for_other_hooks_is_told_what_changed(lab, monkeypatch, stated, said):
    monkeypatch.setattr("harness.hookspecs.VERSION", 3)
    monkeypatch.setattr("harness.hookspecs.CHANGES", {2: "specs carry a version", 3: "score takes units, not texts"})
    lab.distribute("old-lab", {"half": f"HARNESS_HOOKS = {stated}\n" + METRIC.format(name="half")})
    registry = load_plugins()
    assert "half" in registry.entries["metric"]
    found = reasons(registry, "half")
    assert len(found) == len(said)
    assert all(one.startswith(other) for one, other in zip(found, said, strict=True))
