"""A session on LISTEN that counts what it really receives."""

import psycopg

from tests.support.host import Host

FENCE = "the end of what is looked at"
SELF_TEST = "self-test"


class CountingListener:
    """Listens as a sleeping dispatcher does."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("listen outbound_webhooks")

    def rings(self, host: Host) -> int:
        """How often it rang since the last look, but for self-tests of dispatchers.

        Notifications keep their order, so one that the test sends marks the end.
        """
        host.rows("select pg_notify('outbound_webhooks', %s)", FENCE)
        count = 0
        for notification in self.connection.notifies(timeout=60):
            if notification.payload == FENCE:
                return count
            count += notification.payload != SELF_TEST
        raise TimeoutError("the test's own notification did not arrive")

    def close(self) -> None:
        """Close its connection."""
        self.connection.close()
