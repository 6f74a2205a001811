"""What can go wrong on the way out, and the class it is recorded as."""

import errno
import socket
import ssl
from collections.abc import Collection, Iterator

import aiohttp

from dispatcher.core.model import ErrorClass

# Out of descriptors or memory: our own trouble, never the endpoint's.
_LOCAL_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})


class LocalFailure(Exception):
    """The request could not leave this machine for a reason of our own; the endpoint is not to be charged with it."""


class BlockedAddress(OSError):
    """The address policy refused a connection."""


def local_failure(error: Exception, families: Collection[int]) -> LocalFailure | None:
    """The error as our own trouble, or None if it is the endpoint's.

    Args:
        families: a socket.AF_* of each address that was tried.
    """
    if not isinstance(error, OSError):
        return None
    # Out of ports, if the address is of IPv4. Of IPv6 it is what a machine without IPv6 says, today and tomorrow.
    local = _LOCAL_ERRORS | {errno.EADDRNOTAVAIL} if socket.AF_INET in families else _LOCAL_ERRORS
    if error.errno in local:
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
