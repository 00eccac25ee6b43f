from __future__ import annotations

import pytest

from tests.sandbox.client import serving


@pytest.fixture(scope="module")
def stripe():
    """Default data that no test changes."""
    with serving() as client:
        yield client


@pytest.fixture
def changing():
    """Default data that the test may change; payloads are as they are today."""
    with serving(stale_events=0, old_events=0) as client:
        yield client
