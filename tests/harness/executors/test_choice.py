"""What a user may ask for, and what is said of the rest."""

import pytest

from harness.errors import HarnessError
from harness.executors.auto import AutoExecutor
from harness.executors.choice import ExecutorChoice, make_choice, make_executor
from harness.executors.processes import LocalExecutor, usable_cores
from harness.executors.serial import SerialExecutor


def test_the_default_decides_by_itself_and_uses_every_core() -> None:
    executor = make_executor(make_choice())
    assert isinstance(executor, AutoExecutor)
    assert executor._local.workers == usable_cores()


def test_each_name_gives_its_executor_with_its_workers() -> None:
    assert isinstance(make_executor(make_choice(name="serial")), SerialExecutor)
    local = make_executor(make_choice(name="local", workers=3))
    assert isinstance(local, LocalExecutor)
    assert local.workers == 3


def test_an_address_means_ray() -> None:
    assert make_choice(ray_address="head:6379") == ExecutorChoice(name="ray", ray_address="head:6379")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "spark"}, "Invalid enum value 'spark'"),
        ({"workers": 0}, "`workers` must be at least 1, got 0"),
        ({"name": "serial", "workers": 2}, "`workers` goes with the executors auto, local and ray: serial has none"),
        ({"name": "local", "ray_address": "h:1"}, "`ray_address` goes with the executor ray, not with local"),
        ({"wrokers": 2}, "unknown field `wrokers`"),
    ],
)
def test_what_does_not_fit_is_said(given: dict[str, object], said: str) -> None:
    with pytest.raises(HarnessError, match=said):
        make_choice(**given)


@pytest.mark.parametrize("name", ["auto", "local"])
def test_more_processes_than_a_machine_can_use_are_refused_before_any_is_started(name: str) -> None:
    with pytest.raises(HarnessError, match=r"100000 workers are more than 16 for each of the .* cores"):
        make_executor(make_choice(name=name, workers=100_000))
