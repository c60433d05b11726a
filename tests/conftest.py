"""What all tests share: the option that writes golden files anew, and which tests need root."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.needs import built

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"


for _name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):  # servers on loopback are asked directly
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)
# a shell starts what runs in its background deaf to Ctrl-C, and nohup to a hang-up, which some tests give
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write golden files anew instead of comparing")


@pytest.fixture
def write_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--write-golden"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A desk without root skips; in CI a test that cannot run is a failure, never a silent gap."""
    if item.get_closest_marker("root") and os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("must be run as root in CI")
        pytest.skip("needs root")


@pytest.fixture(scope="session")
def image() -> Path:
    """The boot image for tests; its kernel, vmlinuz, lies beside it."""
    return built(BUILD / "install-fast.img", "install-fast.img")


@pytest.fixture(scope="session")
def small_image() -> Path:
    """The boot image that is shipped: small, and with firmware unless it was made without."""
    return built(BUILD / "install.img", "install.img")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The directory of the reference payload, with both packs."""
    built(BUILD / "repository" / "packages.main" / "XS-REPOSITORY", "payload")
    return BUILD / "repository"


@pytest.fixture(scope="session")
def hypervisor() -> Path:
    """The payload's hypervisor, as it is packed."""
    return built(BUILD / "payload" / "xen" / "boot" / "xen.gz", "payload")
