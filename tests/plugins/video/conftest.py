"""What several tests of video share."""

import pytest
from real_clips import code_clips


@pytest.fixture(scope="session")
def coded_clips(tmp_path_factory):
    """Two seconds of a real clip, coded in several ways."""
    return code_clips(tmp_path_factory.mktemp("coded"))
