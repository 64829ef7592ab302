"""The digest changes with what a run of the gate can load, and with nothing else."""

from pathlib import Path

import pytest
from benchmark_scripts import benchmark

code = benchmark("gate_code")
ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "harness/__init__.py": "",
    "harness/cli/__init__.py": "",
    "harness/cli/gate.py": "def gate():\n    from harness.meta import deep\n",
    "harness/plugins.py": "",
    "harness/meta/__init__.py": "",
    "harness/meta/deep.py": "import harness.records\n",
    "harness/records.py": "",
    "harness/video.py": "import harness.cli.gate\n",
    "plugins/harness_plugins/__init__.py": "",
    "plugins/harness_plugins/metrics/__init__.py": "",
    "plugins/harness_plugins/metrics/own.py": "",
    "plugins/harness_plugins/video/__init__.py": "",
    "configs/gate/gate.yaml": "name: gate",
    "configs/other.yaml": "",
    "configs/judge/direct.sv.j2": "",
    "pyproject.toml": "",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_what_a_gate_can_load_changes_it(tree: Path, name: str) -> None:
    before = code.digest_of(tree)
    (tree / name).write_text(f"{FILES[name]}\n# another\n")
    told = name not in ("harness/video.py", "plugins/harness_plugins/video/__init__.py", "configs/other.yaml")
    assert (code.digest_of(tree) != before) == told


def test_what_it_begins_with_is_there() -> None:
    assert all((ROOT / name).exists() for name in (*code.OTHERS, "harness/cli/gate.py", "harness/plugins.py"))
