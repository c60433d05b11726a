"""OpenPGP keys for tests: made by gpg in a directory of its own, expired and future ones too."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.signature import manifest
from tests.needs import PATH, needs


@dataclass(frozen=True)
class Keys:
    """A keyring of gpg's. `home` must be short: sockets in it have names of 108 bytes at most (unix(7))."""

    home: Path

    def gpg(self, *words: str, at: str = "", stdin: bytes = b"") -> bytes:
        """Run gpg, at another time than now if that is wished (20200101T000000); returns what it prints."""
        clock = ("--faked-system-time", at) if at else ()
        options = ("--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
        argv = ["gpg", "--homedir", str(self.home), *clock, *options, *words]
        return subprocess.run(
            argv, input=stdin, check=True, capture_output=True, env={"PATH": PATH, "LC_ALL": "C.UTF-8"}
        ).stdout

    def make(self, name: str, *, at: str = "", expires: str = "never") -> str:
        """Make a key; returns its fingerprint."""
        self.gpg("--quick-generate-key", name, "ed25519", "sign", expires, at=at)
        listed = self.gpg("--with-colons", "--list-keys", f"={name}").decode().splitlines()
        return next(line.split(":")[9] for line in listed if line.startswith("fpr:"))

    def public(self, *fingerprints: str) -> bytes:
        """Return the armored public keys."""
        return self.gpg("--armor", "--export", *fingerprints)

    def sign(self, repository: Path, *fingerprints: str, at: str = "", options: tuple[str, ...] = ()) -> None:
        """Sign a repository as it is, with one signature of each key."""
        users = [word for fingerprint in fingerprints for word in ("--local-user", fingerprint)]
        signed = manifest(*((repository / name).read_bytes() for name in ("XS-REPOSITORY", "XS-PACKAGES")))
        signature = self.gpg(*users, *options, "--armor", "--detach-sign", at=at, stdin=signed)
        (repository / "XS-SIGNATURE").write_bytes(signature)


@contextmanager
def keys_in(home: Path) -> Iterator[Keys]:
    """Give an empty keyring in a directory; its agent is ended."""
    needs("gpg", "gpgv", "gpg-agent", "gpgconf")
    home.mkdir(mode=0o700, exist_ok=True)
    try:
        yield Keys(home)
    finally:
        kill = ["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"]
        subprocess.run(kill, check=False, capture_output=True, env={"PATH": PATH})


def with_strong_sums(repository: Path) -> Path:
    """Have XS-PACKAGES state the SHA-256 of every package."""
    lines = []
    for line in (repository / "XS-PACKAGES").read_text(encoding="ascii").splitlines():
        sum = hashlib.sha256((repository / line.split()[5]).read_bytes()).hexdigest()
        lines.append(f"{line} sha256={sum}\n")
    (repository / "XS-PACKAGES").write_text("".join(lines), encoding="ascii")
    return repository
