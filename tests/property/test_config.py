"""config, for arbitrary environments: settings, or the one error with a line a problem."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.config import PREFIX, Settings, SettingsError
from tests.unit.environment import Environment

# What an environment can hold: no NUL, no lone surrogates.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
PLAUSIBLE = [
    "true", "no", "0", "1", "-1", "1e9", "nan", "inf", "9" * 5000, "drain", "json", "info", "127.0.0.0/8", "::/0,",
    "postgresql://u@h/d", "postgresql:///?host=/tmp", "mysql://", "k:AAAA", "k:é", "/", "/dev/null", "~", "a" * 300,
]  # fmt: skip
VALUES = st.dictionaries(st.sampled_from(sorted(Settings.model_fields)), TEXTS | st.sampled_from(PLAUSIBLE), max_size=6)


@given(VALUES)
@example({"ca_file": "a" * 300})
@example({"master_keys": "k:é"})
def test_an_environment_is_read_or_refused(values: dict[str, str]) -> None:
    """Whatever the values are: settings, or an error whose lines each begin with the name to look at."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        environment = Environment(monkeypatch)
        try:
            settings = environment.load(**values)
        except SettingsError as error:
            named = {line.partition(":")[0] for line in str(error).split("\n") if line.startswith(PREFIX)}

            assert named
            assert named <= {PREFIX + name.upper() for name in ({"database_url"} | values.keys())}
        else:
            assert 0 <= settings.ops_port <= 65535
            assert 0 <= settings.shutdown_grace_seconds <= 600
            assert not settings.master_keys.get_secret_value() or settings.keyring().keys


@given(st.from_regex(r"[A-Z_]{1,20}", fullmatch=True), TEXTS)
def test_an_unknown_name_is_reported(name: str, value: str) -> None:
    """Any other name with our prefix is named in an error, and its value, which may be a secret, is not."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        environment = Environment(monkeypatch)
        if name.lower() in {*Settings.model_fields, "test_database_url"}:
            return

        assert environment.problems(**{name: value}) == [
            f"{PREFIX}{name}: unknown setting; see outbound-webhooks run --help"
        ]
