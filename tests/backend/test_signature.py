"""Signed repositories by real gpg and gpgv: what is accepted where a key is required, and each way to be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.errand import find
from backend.keys import require_keys
from backend.process import ENVIRONMENT
from backend.repository import find_repositories, show_repository
from backend.sources.transport import AbsentError
from backend.sources.trust import Trusted, trusting
from installer.model.errors import MissingTool, RepositoryError, SourceError
from installer.model.openpgp import read_keyring
from installer.model.ports import Cancel
from installer.model.secret import Secret
from installer.model.source import Location, LocationKind
from tests.backend.signing import Keys, keys_in, with_strong_sums
from tests.backend.small_repository import small_repository

LONG_AGO = "20200101T000000"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    with keys_in(tmp_path_factory.mktemp("g")) as found:
        yield found


@pytest.fixture(scope="module")
def ours(keys: Keys) -> str:
    return keys.make("ours@example.com")


@pytest.fixture(scope="module")
def theirs(keys: Keys) -> str:
    return keys.make("theirs@example.com")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that could be signed."""
    return with_strong_sums(small_repository(tmp_path / "xs") / "packages.main")


def required(keys: Keys, *fingerprints: str) -> Trusted:
    return Trusted(keys=(read_keyring(keys.public(*fingerprints), "a key"),))


def place(path: Path) -> Location:
    return Location(LocationKind.URL, Secret(str(path)))


def refused(repository: Path, trusted: Trusted) -> RepositoryError:
    """Find the repository where a key is required; returns why it is refused."""
    with trusting(trusted), pytest.raises(RepositoryError) as caught:
        find_repositories(place(repository), None)
    assert caught.value.where.startswith(str(repository)) and caught.value.hint
    return caught.value


def test_repository_that_is_signed_as_required_is_found(keys: Keys, ours: str, repository: Path) -> None:
    keys.sign(repository, ours)
    with trusting(required(keys, ours)):
        (found,) = find_repositories(place(repository), None)
        (by_errand,) = find(place(repository), None, Cancel(), 20)
    assert found == by_errand and found.signed_by == ours
    assert f"  signed by {ours}" in show_repository(found)


def test_one_of_several_signatures_and_keys_is_enough(keys: Keys, ours: str, theirs: str, repository: Path) -> None:
    keys.sign(repository, theirs, ours)
    with trusting(required(keys, ours)):
        assert find_repositories(place(repository), None)[0].signed_by == ours
    keys.sign(repository, theirs)
    with trusting(required(keys, ours)), trusting(required(keys, theirs)):
        assert find_repositories(place(repository), None)[0].signed_by == theirs


def test_without_a_key_no_signature_is_looked_for(repository: Path) -> None:
    (repository / "XS-SIGNATURE").write_bytes(b"whatever")
    assert find_repositories(place(repository), None)[0].signed_by == ""


def test_unsigned_repository_is_refused_only_where_a_key_is_required(keys: Keys, ours: str, tmp_path: Path) -> None:
    plain = small_repository(tmp_path / "xs") / "packages.main"
    assert find_repositories(place(plain), None)[0].id == "xs:main"
    error = refused(plain, required(keys, ours))
    assert error.what == "the repository is not signed" and "<repository-key>" in error.hint
    with trusting(required(keys, ours)), pytest.raises(RepositoryError, match="the repository is not signed"):
        find(place(plain), None, Cancel(), 20)


def test_other_key_is_named_with_those_required(keys: Keys, ours: str, theirs: str, repository: Path) -> None:
    keys.sign(repository, theirs)
    error = refused(repository, required(keys, ours))
    assert error.what == f"the repository is signed by another key than those required ({theirs})"
    assert error.hint == f"required is a signature by {ours}"


def test_key_that_has_expired(keys: Keys, repository: Path) -> None:
    """Its signature was good once, and gpgv still ends with exit status 0."""
    old = keys.make("old@example.com", at=LONG_AGO, expires="30d")
    keys.sign(repository, old, at="20200102T000000")
    error = refused(repository, required(keys, old))
    assert error.what == f"the repository is signed by a key that has expired ({old})"


def test_key_that_was_revoked(keys: Keys, repository: Path) -> None:
    gone = keys.make("gone@example.com")
    keys.sign(repository, gone)
    certificate = (keys.home / "openpgp-revocs.d" / f"{gone}.rev").read_text()
    keys.gpg("--import", stdin=certificate.replace(":-----BEGIN", "-----BEGIN").encode())
    error = refused(repository, required(keys, gone))
    assert error.what == f"the repository is signed by a key that was revoked ({gone})"


def test_signature_that_has_expired(keys: Keys, repository: Path) -> None:
    key = keys.make("brief@example.com", at=LONG_AGO)
    keys.sign(repository, key, at=LONG_AGO, options=("--default-sig-expire", "3d"))
    error = refused(repository, required(keys, key))
    assert error.what == f"the repository has a signature that has expired ({key})"


def test_key_from_the_future_makes_one_look_at_the_clock(keys: Keys, repository: Path) -> None:
    new = keys.make("new@example.com", at="20900101T000000")
    keys.sign(repository, new, at="20900102T000000")
    error = refused(repository, required(keys, new))
    assert "from the future" in error.what and "clock" in error.hint


@pytest.mark.parametrize("name", ["XS-PACKAGES", "XS-REPOSITORY"])
def test_metadata_that_was_changed(keys: Keys, ours: str, repository: Path, name: str) -> None:
    keys.sign(repository, ours)
    changed = (repository / name).read_text().replace("4.0.1-1", "4.0.1-2").replace("required", "optional")
    (repository / name).write_text(changed)
    error = refused(repository, required(keys, ours))
    assert "a signature that does not fit" in error.what and name in error.what


def test_packages_of_another_repository_of_the_same_signer(keys: Keys, ours: str, repository: Path) -> None:
    """Each file was signed, but not with the other one."""
    keys.sign(repository, ours)
    packages = (repository / "XS-PACKAGES").read_text()
    (repository / "XS-PACKAGES").write_text(packages.splitlines(keepends=True)[0])
    keys.sign(repository, ours)
    (repository / "XS-PACKAGES").write_text(packages)
    assert "does not fit" in refused(repository, required(keys, ours)).what


def test_signature_by_sha1_counts_for_nothing(keys: Keys, ours: str, repository: Path) -> None:
    keys.sign(repository, ours, options=("--digest-algo", "SHA1"))
    assert "a signature that cannot be checked" in refused(repository, required(keys, ours)).what


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x88" * 4000], ids=["empty", "text", "bytes"])
def test_signature_file_that_holds_none(keys: Keys, ours: str, repository: Path, content: bytes) -> None:
    (repository / "XS-SIGNATURE").write_bytes(content)
    assert "without a signature in it" in refused(repository, required(keys, ours)).what


def test_signed_repository_must_state_sha256(keys: Keys, ours: str, tmp_path: Path) -> None:
    plain = small_repository(tmp_path / "xs") / "packages.main"
    keys.sign(plain, ours)
    error = refused(plain, required(keys, ours))
    assert "does not state the SHA-256 of " in error.what and "--sign" in error.hint


def test_without_gpgv_nothing_is_accepted(
    keys: Keys, ours: str, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keys.sign(repository, ours)
    with trusting(required(keys, ours)):
        monkeypatch.setitem(ENVIRONMENT, "PATH", str(tmp_path))
        with pytest.raises(MissingTool, match="gpgv"):
            find_repositories(place(repository), None)


def files_that_hold_no_key(keys: Keys, ours: str) -> dict[str, tuple[bytes, str]]:
    armored = keys.public(ours)
    binary = keys.gpg("--export", ours)
    none = "there is no OpenPGP key in this file"
    return {
        "empty": (b"", none),
        "page": (b"<html>login</html>", none),
        "half": (binary[: len(binary) // 2], none),
        "half armored": (armored[: len(armored) // 2], none),
        "signature": (keys.gpg("--armor", "--local-user", ours, "--detach-sign", stdin=b"x"), none),
        "binary signature": (keys.gpg("--local-user", ours, "--detach-sign", stdin=b"x"), none),
        "private": (keys.gpg("--armor", "--export-secret-keys", ours), "this is a private OpenPGP key"),
        "binary private": (keys.gpg("--export-secret-keys", ours), "this is a private OpenPGP key"),
    }


def test_files_that_hold_no_key_are_refused_and_never_trusted(keys: Keys, ours: str, tmp_path: Path) -> None:
    for name, (content, message) in files_that_hold_no_key(keys, ours).items():
        file = tmp_path / "key"
        file.write_bytes(content)
        with trusting(), pytest.raises(SourceError) as caught:
            require_keys((place(file),))
        assert message in caught.value.what and caught.value.where == str(file), name
    with pytest.raises(AbsentError, match="the key for repositories cannot be read"):
        require_keys((place(tmp_path / "gone"),))


@pytest.mark.parametrize("form", ["armored", "binary", "dos", "with text"])
def test_keys_are_read_in_every_form(keys: Keys, ours: str, theirs: str, form: str) -> None:
    forms: dict[str, Callable[[], bytes]] = {
        "armored": lambda: keys.public(ours, theirs),
        "binary": lambda: keys.gpg("--export", ours, theirs),
        "dos": lambda: keys.public(ours).replace(b"\n", b"\r\n") + keys.public(theirs).replace(b"\n", b"\r\n"),
        "with text": lambda: b"Our keys:\n" + keys.public(ours) + b"\nand\n" + keys.public(theirs) + b"\nthe end",
    }
    found = read_keyring(forms[form](), "x")
    assert set(found.fingerprints) == {ours, theirs}
    assert found.data == keys.gpg("--export", *found.fingerprints)


def test_keys_with_subkeys_and_old_forms_of_packets(keys: Keys, repository: Path) -> None:
    """RSA keys have packets of more than 191 bytes; signing is done by a subkey, and the key itself is required."""
    keys.gpg("--quick-generate-key", "rsa@example.com", "rsa3072", "cert", "never")
    listed = keys.gpg("--with-colons", "--list-keys", "=rsa@example.com").decode().splitlines()
    main = next(line.split(":")[9] for line in listed if line.startswith("fpr:"))
    keys.gpg("--quick-add-key", main, "rsa3072", "sign", "never")
    keys.sign(repository, main)
    with trusting(required(keys, main)):
        assert find_repositories(place(repository), None)[0].signed_by == main
