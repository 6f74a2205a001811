"""What to do about an attempt that failed: by its error class and, where there was an answer, by its status."""

from collections.abc import Mapping

from dispatcher.admin.ui.language import N_

BY_CLASS: Mapping[str, str] = {
    "timeout": N_(
        "The receiver took too long. Let it answer at once, with 204, and do its work afterwards;"
        " or allow it more time in the settings."
    ),
    "connect": N_(
        "Nothing accepted the connection, or it broke. See that the receiver runs, that its port is right,"
        " and that no firewall is in between."
    ),
    "tls": N_(
        "The certificate does not hold: it has ended, is for another name, or its issuer is not known."
        " See that the receiver sends its whole chain."
    ),
    "dns": N_("The name in the URL leads nowhere. See that it is spelt right, and that its DNS entry is there."),
    "blocked_address": N_(
        "The name in the URL leads to an address inside a network, which is not called. Use a public address."
    ),
    "http_status": N_("The receiver answered, and refused. Its own log says why."),
    "protocol": N_("Something answered that speaks no HTTP. See that the port is that of the receiver."),
}
BY_STATUS: Mapping[int, str] = {
    400: N_("The receiver could not read the request, or refused it. Its own log says why."),
    401: N_(
        "The receiver does not know who sends this. See that it verifies with the endpoint's current signing key,"
        " and that the headers that it asks for are set."
    ),
    403: N_("The receiver, or a firewall before it, does not let this in. See its rules, and the endpoint's headers."),
    404: N_("There is nothing under this path. See that the URL is right, to its end."),
    405: N_("The receiver does not take POST under this path. See that the URL is right, to its end."),
    410: N_("The receiver says that it is gone for good. An endpoint that answers so is disabled."),
    413: N_("The receiver refuses a body of this size. Allow it 256 KB."),
    415: N_("The receiver wants another content type. It has to take application/json."),
    429: N_("The receiver asks for less. Lower the requests per second in the settings."),
}
REDIRECT = N_("The receiver sends on to another URL, which is never followed. Put that URL in the settings.")
TROUBLE = N_("The receiver, or what stands before it, has trouble of its own. Its own log says why.")


def advice(error_class: str | None, http_status: int | None) -> str | None:
    """What to do, in English; None: nothing, as it did not fail."""
    if error_class != "http_status" or http_status is None:
        return BY_CLASS.get(error_class or "")
    if 300 <= http_status <= 399:
        return REDIRECT
    if http_status >= 500:
        return TROUBLE
    return BY_STATUS.get(http_status, BY_CLASS["http_status"])
