"""What can go wrong on the way out, and the class it is recorded as."""

import errno
import ssl
from collections.abc import Iterator

import aiohttp

from dispatcher.core.model import ErrorClass

# Out of descriptors, memory or ports: our own trouble, never the endpoint's.
_LOCAL_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})


class LocalFailure(Exception):
    """The request could not leave this machine for a reason of our own; the endpoint is not to be charged with it."""


class BlockedAddress(OSError):
    """The address policy refused a connection."""


def local_failure(error: Exception) -> LocalFailure | None:
    """The error as our own trouble, or None if it is the endpoint's."""
    if isinstance(error, OSError) and error.errno in _LOCAL_ERRORS:
        return LocalFailure(f"{type(error).__name__}: {errno.errorcode[error.errno]}")
    return None


def error_class(error: Exception) -> ErrorClass:
    """The class of an error that kept a request from having a status."""
    match error:
        case aiohttp.ClientConnectorError(os_error=BlockedAddress()) | BlockedAddress():
            return ErrorClass.BLOCKED_ADDRESS
        case TimeoutError() | aiohttp.ClientConnectorError(os_error=TimeoutError()):
            return ErrorClass.TIMEOUT
        case aiohttp.ClientSSLError():
            return ErrorClass.TLS
        case _ if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
            return ErrorClass.TLS  # after the handshake: a receiver that wants a certificate of ours says so then
        case aiohttp.ClientConnectorDNSError():
            return ErrorClass.DNS
        case aiohttp.ServerDisconnectedError() | OSError():  # aiohttp's connection errors are OSErrors
            return ErrorClass.CONNECT
        case _:
            return ErrorClass.PROTOCOL


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
