"""A package's bytes, counted and summed while they pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

from installer.model.errors import PackageError
from installer.model.source import Package


def checked(
    chunks: Iterable[bytes], package: Package, on_bytes: Callable[[int], None], *, where: str = ""
) -> Iterator[bytes]:
    """Pass the chunks on; `on_bytes` hears how many bytes of the package have passed. `where` is for messages.

    Raises PackageError at the first byte too many, and at the end when size or a sum are not as XS-PACKAGES says.
    """
    md5, size_bytes = hashlib.md5(usedforsecurity=False), 0
    sha256 = hashlib.sha256() if package.sha256 else None
    for chunk in chunks:
        md5.update(chunk)
        if sha256:
            sha256.update(chunk)
        size_bytes += len(chunk)
        if size_bytes > package.size_bytes:
            raise _error(package, where, f"is longer than the {package.size_bytes} bytes that XS-PACKAGES states")
        yield chunk
        on_bytes(size_bytes)
    if size_bytes < package.size_bytes:
        raise _error(
            package, where, f"has {size_bytes} bytes, XS-PACKAGES states {package.size_bytes}: it is cut short"
        )
    if md5.hexdigest() != package.md5:
        raise _error(package, where, f"has the MD5 {md5.hexdigest()}, XS-PACKAGES states {package.md5}")
    if sha256 and sha256.hexdigest() != package.sha256:
        raise _error(package, where, f"has the SHA-256 {sha256.hexdigest()}, XS-PACKAGES states {package.sha256}")


def _error(package: Package, where: str, what: str) -> PackageError:
    return PackageError(
        f"package {package.name} ({package.filename}) {what}",
        where=where,
        hint="the file is damaged or of another build; copy the repository again, then `installer repo verify`",
    )
