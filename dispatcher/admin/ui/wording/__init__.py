"""Words for codes, in English; the catalogues of locale/ have them in other languages."""

from collections.abc import Mapping

from dispatcher.admin.ui.wording import endpoints, platform, states


def words_of_templates() -> Mapping[str, Mapping[str, str]]:
    """The mappings that templates know by their names: `{{ DELIVERY_STATES[delivery.state]|words }}`."""
    return {
        "DELIVERY_STATES": states.DELIVERY_STATES,
        "ENDPOINT_STATES": states.ENDPOINT_STATES,
        "ERROR_CLASSES": states.ERROR_CLASSES,
        "ATTEMPT_REASONS": states.ATTEMPT_REASONS,
        "OUTCOMES": states.OUTCOMES,
        "REPLAY_KINDS": states.REPLAY_KINDS,
        "REPLAY_STATES": states.REPLAY_STATES,
        "ROLES": states.ROLES,
        "ORDERINGS": endpoints.ORDERINGS,
        "CHANGES": platform.CHANGES,
        "DISPATCHER_STATES": platform.DISPATCHER_STATES,
        "RETENTION": platform.RETENTION,
        "SEVERITIES": platform.SEVERITIES,
        "SWITCHES": platform.SWITCHES,
        "TRIGGERS": platform.TRIGGERS,
        "TROUBLES": platform.TROUBLES,
    }
