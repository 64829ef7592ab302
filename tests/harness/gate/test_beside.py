"""Work beside: its result, its errors, and that no process is left."""

import os
import threading
import time

import pytest

from harness.gate import beside
from harness.gate.beside import Beside


def test_the_result_of_a_child_is_the_calls():
    own = os.getpid()
    with Beside(lambda: (os.getpid(), [1.5, "å"])) as work:
        pid, value = work.result()
    assert value == [1.5, "å"]
    assert (pid != own) is beside._forkable()


def test_what_the_call_raises_is_raised_here():
    def fails():
        raise ValueError("no such case")

    with Beside(fails) as work, pytest.raises(ValueError, match="no such case"):
        work.result()


def test_what_cannot_be_sent_is_made_here():
    with Beside(lambda: (os.getpid(), lambda: 7)) as work:
        pid, made = work.result()
    assert pid == os.getpid()
    assert made() == 7


def test_a_child_that_dies_loses_nothing():
    own = os.getpid()

    def dies():
        if os.getpid() != own:
            os._exit(0)  # as if all were well, and nothing said
        return 3

    with Beside(dies) as work:
        assert work.result() == 3


def test_with_other_threads_about_it_is_made_here():
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        with Beside(os.getpid) as work:
            assert work.result() == os.getpid()
    finally:
        done.set()
        other.join()


def test_a_child_whose_result_nobody_asks_for_is_ended():
    with Beside(lambda: time.sleep(60)) as work:
        child = work._child
    if child is None:
        pytest.skip("another thread runs here, so no child is made")
    with pytest.raises(ChildProcessError):
        os.waitpid(child, 0)
