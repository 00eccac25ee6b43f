"""The examples share Meltano, and its plugins, with the tests of it."""

from tests.meltano.conftest import meltano_command, plugins

__all__ = ["meltano_command", "plugins"]
