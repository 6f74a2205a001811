"""TLS of receivers, good and bad."""

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

# An address, which nobody is asked for: what comes of a receiver cannot be that the look-up of its name took too long.
HOST = "127.0.0.1"
NOW = datetime.now(UTC).replace(tzinfo=None)  # trustme's times have no zone
BAD = (
    "expired", "not-yet-valid", "wrong-host", "unknown-authority", "self-signed", "tls-1.1",
    "wants-certificate-tls-1.2", "wants-certificate-tls-1.3",
)  # fmt: skip


def context(kind: str, ca: trustme.CA, folder: Path) -> ssl.SSLContext:
    """What a server of that kind uses.

    Args:
        kind: good, or one of BAD.
        ca: the authority that the client trusts.
        folder: for files that the ssl module wants to read.
    """
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if kind == "self-signed":
        pem = folder / "self-signed.pem"
        own = trustme.CA()
        pem.write_bytes(own.private_key_pem.bytes() + own.cert_pem.bytes())
        tls.load_cert_chain(pem)
        return tls
    _certificate(kind, ca).configure_cert(tls)
    if kind == "tls-1.1":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
            tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
        tls.set_ciphers("DEFAULT@SECLEVEL=0")
    if kind.startswith("wants-certificate"):
        tls.verify_mode = ssl.CERT_REQUIRED
        ca.configure_trust(tls)
        if kind.endswith("1.2"):
            tls.maximum_version = ssl.TLSVersion.TLSv1_2
    return tls


def _certificate(kind: str, ca: trustme.CA) -> trustme.LeafCert:
    day = timedelta(days=1)
    match kind:
        case "expired":
            return ca.issue_cert(HOST, not_before=NOW - 2 * day, not_after=NOW - day)
        case "not-yet-valid":
            return ca.issue_cert(HOST, not_before=NOW + day, not_after=NOW + 2 * day)
        case "wrong-host":
            return ca.issue_cert("other.example")
        case "unknown-authority":
            return trustme.CA().issue_cert(HOST)
        case _:
            return ca.issue_cert(HOST)
