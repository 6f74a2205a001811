"""Python loads this at its start if its folder is on PYTHONPATH: the tests' name service takes the system's place."""

from tests.hostile.names import Names

Names().install()
