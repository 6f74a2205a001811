"""A real nginx with docs/proxy/nginx.conf, at a port of this machine."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from dispatcher.lifetime import die_with_parent
from tests.support.ops import free_port
from tests.support.process import ROOT

SITE = ROOT / "docs" / "proxy" / "nginx.conf"
HOST = "webhooks.example.com"
# The deadlines of clients: where a test waits for them, and where nothing may depend on how slow this machine is.
HASTY, PATIENT = "10s", "120s"
MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    include {folder}/site.conf;
}}
"""


def program() -> str:
    """Where nginx is.

    Raises:
        RuntimeError: it is not installed; the message says how.
    """
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")  # not in every user's PATH
    if found is None:
        raise RuntimeError("nginx is missing: apt install nginx")
    return found


def site(port: int, upstream: int, certificate: Path, deadline: str) -> str:
    """Our site, at another port, in front of another one, with another certificate, and other deadlines for clients."""
    text = SITE.read_text()
    for pattern, replacement, count in (
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;", 1),
        (r"listen \[::\]:443 ssl;", "", 1),
        (r"(ssl_certificate|ssl_certificate_key) /etc/\S+;", rf"\1 {certificate};", 2),
        (r"http://127\.0\.0\.1:9463;", f"http://127.0.0.1:{upstream};", 2),
        (r"(client_header_timeout|client_body_timeout|send_timeout|proxy_send_timeout) 10s;", rf"\1 {deadline};", 4),
    ):
        text, found = re.subn(pattern, replacement, text)
        assert found == count, pattern
    return text


@dataclass(frozen=True)
class Nginx:
    """A running one."""

    port: int
    folder: Path

    @property
    def errors(self) -> str:
        """Its error log."""
        return (self.folder / "error.log").read_text()


@contextmanager
def run_nginx(folder: Path, upstream: int, ca: trustme.CA, deadline: str = PATIENT) -> Iterator[Nginx]:
    """Run one in front of a port of this machine, in a folder of its own."""
    port, certificate = free_port(), folder / "certificate.pem"
    ca.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(certificate))
    (folder / "site.conf").write_text(site(port, upstream, certificate, deadline))
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program(), "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent(signal.SIGTERM),  # of which it tells its worker
        )
    try:
        _await_ready(process, folder)
        yield Nginx(port, folder)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _await_ready(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """It writes its id once it listens."""
    deadline = time.monotonic() + 60
    while not (folder / "pid").exists() or not (folder / "pid").read_text().strip():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"nginx did not start: {(folder / 'log').read_text()[-2000:]}")
        time.sleep(0.02)
