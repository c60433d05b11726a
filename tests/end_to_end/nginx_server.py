"""A real nginx on loopback for a directory, on a port of its own and with nothing of the machine's configuration."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.needs import needs

START_S = 20.0
# `user root`: pytest's directories are its own
CONFIGURATION = """\
user root;
worker_processes 1;
daemon off;
pid {state}/pid;
error_log {state}/error.log;
events {{}}
http {{
	access_log {state}/access.log;
	client_body_temp_path {state}/body; proxy_temp_path {state}/proxy; fastcgi_temp_path {state}/fastcgi;
	uwsgi_temp_path {state}/uwsgi; scgi_temp_path {state}/scgi;
	server {{
		listen 127.0.0.1:{port};
		root {directory};
		auth_basic "site";
		auth_basic_user_file {state}/users;
	}}
}}
"""


@contextmanager
def nginx_server(directory: Path, state: Path, user: str, password: str) -> Iterator[str]:
    """Serve a directory to one user; `state` is where the server keeps what it writes. Gives `host:port`."""
    needs("nginx", "openssl")
    state.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    hashed = subprocess.run(
        ["openssl", "passwd", "-apr1", "-stdin"], input=password, check=True, capture_output=True, text=True
    ).stdout.strip()
    (state / "users").write_text(f"{user}:{hashed}\n", encoding="ascii")
    settings = CONFIGURATION.format(directory=directory, state=state, port=port)
    (state / "nginx.conf").write_text(settings, encoding="ascii")
    process = subprocess.Popen(["nginx", "-p", str(state), "-c", str(state / "nginx.conf"), "-e", str(state / "e")])
    try:
        end_s = time.monotonic() + START_S
        while not _listens(port):
            assert process.poll() is None and time.monotonic() < end_s, (state / "e").read_text(encoding="utf-8")
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()  # a master that is killed leaves its worker
        process.wait()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
