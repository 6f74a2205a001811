"""core/access: a role more, or more for one role, gives the others nothing."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.access import ACCESS, Role, may

actions = st.sampled_from(sorted(ACCESS)) | st.text(max_size=20)
names = st.sampled_from(sorted(Role)) | st.text(max_size=20)


@given(added=st.sampled_from(sorted(Role)) | st.just("auditor"), to=st.sets(st.sampled_from(sorted(ACCESS))))
def test_granting_to_one_role_widens_no_other(added: str, to: set[str]) -> None:
    """Whatever one role, known or new, is granted: each other role may do what it could before, no more and no less."""
    wider = {action: roles | ({added} if action in to else set()) for action, roles in ACCESS.items()}

    for role in set(Role) - {added}:
        assert {action for action in wider if may(role, action, wider)} == {a for a in ACCESS if may(role, a)}  # type: ignore[arg-type]


@given(role=names, action=actions)
def test_nothing_is_allowed_that_is_not_written(role: str, action: str) -> None:
    """Any text for a role or an action: allowed only if the table has that very role in that very row."""
    assert may(role, action) == (action in ACCESS and role in {str(each) for each in ACCESS[action]})
