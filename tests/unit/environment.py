"""The process's environment as a test wants it."""

import os

import pytest

from dispatcher.config import PREFIX, Settings, SettingsError, load

URL = "postgresql://user:Sesame9@host/database"


class Environment:
    """The environment of this test: none of our settings but those it sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
            monkeypatch.delenv(name)

    def set(self, **values: str) -> None:
        """Set settings, named in lower case as in Settings."""
        for name, value in values.items():
            self._monkeypatch.setenv(PREFIX + name.upper(), value)

    def load(self, **values: str) -> Settings:
        """Load with these settings, and a database URL unless they have one."""
        self.set(**{"database_url": URL, **values})
        return load()

    def problems(self, **values: str) -> list[str]:
        """The lines of the error that loading with these settings gives."""
        with pytest.raises(SettingsError) as refused:
            self.load(**values)
        return str(refused.value).splitlines()
