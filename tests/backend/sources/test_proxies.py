"""Proxies that the environment names: asked for what they should be, and every way in which they can fail."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from backend.errand import find
from backend.repository import check_packages, find_repositories
from backend.sources.http import HttpTransport
from backend.sources.proxies import NAMES
from backend.sources.transport import UnreachableError
from backend.sources.trust import Trusted, trusting
from installer.model.errors import SourceError
from installer.model.ports import Cancel
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from tests.backend.small_repository import small_repository
from tests.backend.sources.proxy_server import ProxyServer, proxying
from tests.backend.sources.test_http import BODY, LIMIT, QUICK, failing
from tests.backend.sources.web_server import Authority, answering, serving_files
from tests.backend.test_errand import files_below
from tests.needs import needs

FILES = serving_files({"/xs/file": BODY})
USER = "marked-secret-user:marked-secret/word"
WRITTEN = "marked-secret-user:marked-secret%2Fword"


def read(url: str) -> bytes:
    return HttpTransport(url, limits=QUICK).read_file("file", LIMIT)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("form", ["http://{}", "{}", "HTTP://{}/"])
def test_http_goes_by_the_proxy(monkeypatch: pytest.MonkeyPatch, name: str, form: str) -> None:
    proxy = ProxyServer()
    with answering(FILES) as server, proxying(proxy) as address:
        monkeypatch.setenv(name, form.format(address))
        assert read(f"http://{server}/xs") == BODY
    assert proxy.asked == [f"GET http://{server}/xs/file"]


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_https_goes_by_a_tunnel_and_is_checked_to_its_other_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    needs("openssl")
    authority, proxy = Authority(tmp_path), ProxyServer(allowed=USER)
    with answering(FILES, tls=authority.server()) as server, proxying(proxy) as address:
        monkeypatch.setenv(name, f"http://{WRITTEN}@{address}")
        error = failing(f"https://{server}/xs")
        with trusting(Trusted((authority.pem.read_text(),))):
            assert read(f"https://{server}/xs") == BODY
    assert error.what == f"the certificate of {server} is signed by an authority not known here"
    assert proxy.asked == [f"CONNECT {server}"] * 2


@pytest.mark.parametrize("excepted", ["127.0.0.1", "127.0.0.0/8", "*", "example.com, 127.0.0.1"])
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_servers_that_are_excepted_are_asked_directly(
    monkeypatch: pytest.MonkeyPatch, name: str, excepted: str
) -> None:
    proxy = ProxyServer()
    with answering(FILES) as server, proxying(proxy) as address:
        monkeypatch.setenv("http_proxy", f"http://{address}")
        monkeypatch.setenv(name, excepted)
        assert read(f"http://{server}/xs") == BODY
    assert proxy.asked == []


def test_small_letters_come_before_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong = ProxyServer(), ProxyServer()
    with answering(FILES) as server, proxying(right) as address, proxying(wrong) as other:
        monkeypatch.setenv("HTTP_PROXY", f"http://{other}")
        monkeypatch.setenv("http_proxy", f"http://{address}")
        assert read(f"http://{server}/xs") == BODY
    assert (len(right.asked), wrong.asked) == (1, [])


def test_errands_go_by_the_proxy_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = ProxyServer(allowed=USER)
    files = files_below(small_repository(tmp_path))
    with answering(serving_files(files)) as server, proxying(proxy) as address:
        monkeypatch.setenv("http_proxy", f"http://{WRITTEN}@{address}")
        location = Location(LocationKind.URL, Secret(f"http://{server}/"))
        (found,) = find(location, None, Cancel(), 20)
        assert found == find_repositories(location, None)[0]
        asked = len(proxy.asked)
        check_packages((found,))
    assert f"GET http://{server}/packages.main/XS-PACKAGES" in proxy.asked[: asked // 2]
    assert len(proxy.asked) > asked


def failing_by_proxy(monkeypatch: pytest.MonkeyPatch, variable: str, url: str) -> SourceError:
    """Fail with credentials in the variable; none may be shown."""
    for name in NAMES[:3]:
        monkeypatch.setenv(name, variable)
    error = failing(url)
    assert "marked-secret" not in f"{error} {error!r} {error.__cause__!r}"
    return error


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_wants_another_user_or_any(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with answering(FILES) as server, proxying(ProxyServer(allowed="somebody:else")) as address:
        refused = failing_by_proxy(monkeypatch, f"http://{WRITTEN}@{address}", f"{scheme}://{server}/xs")
        wanted = failing_by_proxy(monkeypatch, f"http://{address}", f"{scheme}://{server}/xs")
    assert refused.what.startswith(f"the proxy {address} refuses the user name and password it was given (407 ")
    assert wanted.what.startswith(f"the proxy {address} wants a user name and password (407 ")
    assert "USER:PASSWORD@" in wanted.hint
    assert wanted.where.endswith(f"(by the proxy {address})")


def test_proxy_that_makes_no_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxying(ProxyServer(refuses=403)) as address:
        error = failing_by_proxy(monkeypatch, f"http://{WRITTEN}@{address}", "https://server.example/xs")
    assert error.what == f"the proxy {address} makes no connection with server.example (403 Forbidden)"
    assert "no_proxy" in error.hint and isinstance(error, UnreachableError)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        error = failing_by_proxy(monkeypatch, f"http://{WRITTEN}@{address}", f"{scheme}://server.example/xs")
    assert error.what == f"the proxy {address} refuses the connection"
    unknown = failing_by_proxy(monkeypatch, "http://proxy.invalid:3128", f"{scheme}://server.example/xs")
    assert unknown.what == "the host name of the proxy proxy.invalid:3128 is not known"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_says_nothing(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        error = failing_by_proxy(monkeypatch, f"http://{address}", f"{scheme}://server.example/xs")
    assert isinstance(error, UnreachableError) and error.where.endswith(f"(by the proxy {address})")


@pytest.mark.parametrize(
    "text",
    [
        f"https://{WRITTEN}@proxy:3128",
        f"socks5://{WRITTEN}@proxy:1080",
        f"http://{WRITTEN}@:3128",
        f"http://{USER}@proxy",
        "http://proxy:marked-secret",
    ],
)
def test_variable_that_names_no_proxy_is_an_error_and_not_quoted(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    error = failing_by_proxy(monkeypatch, text, "http://server.example/xs")
    assert "the proxy that the environment names for http:// is not an http:// address" in error.what
    assert "http_proxy" in error.hint
