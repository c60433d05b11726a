"""A real nginx for a directory, with nothing of the machine's configuration."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
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
		listen {address}:{port};
		root {directory};
		{access}
	}}
}}
"""


@contextmanager
def nginx_server(directory: Path, state: Path, user: str, password: str) -> Iterator[str]:
    """Serve a directory on loopback to one user; `state` is where nginx keeps its files. Gives `host:port`."""
    needs("nginx", "openssl")
    state.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    argv = ["openssl", "passwd", "-apr1", "-stdin"]
    hashed = subprocess.run(argv, input=password, check=True, capture_output=True, text=True).stdout.strip()
    (state / "users").write_text(f"{user}:{hashed}\n", encoding="ascii")
    access = f'auth_basic "site"; auth_basic_user_file {state}/users;'
    with nginx_at("127.0.0.1", port, directory, state, access=access) as server:
        yield server


@contextmanager
def nginx_at(
    address: str, port: int, directory: Path, state: Path, *, access: str = "", within: Sequence[str] = ()
) -> Iterator[str]:
    """Serve a directory at an address; `within` is a command that runs the server elsewhere. Gives `host:port`."""
    settings = CONFIGURATION.format(directory=directory, state=state, address=address, port=port, access=access)
    (state / "nginx.conf").write_text(settings, encoding="ascii")
    argv = [*within, "nginx", "-p", str(state), "-c", str(state / "nginx.conf"), "-e", str(state / "error.log")]
    process = subprocess.Popen(argv)
    try:
        end_s = time.monotonic() + START_S
        while not _listens(address, port):
            assert process.poll() is None and time.monotonic() < end_s, "nginx does not start"
            time.sleep(0.05)
        yield f"{address}:{port}"
    finally:
        process.terminate()  # a master that is killed leaves its worker
        process.wait()


def _listens(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False
