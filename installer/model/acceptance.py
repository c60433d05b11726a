"""Which installed hosts can be installed over with their virtual machines kept, and why others cannot (spec R54)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from installer.model.brand import Brand
from installer.model.wishes import Mode


@dataclass(frozen=True)
class Acceptance:
    """What installing over a host is called; `refused` says why it cannot be done, `hint` what can."""

    mode: Mode = Mode.REINSTALL
    refused: str = ""
    hint: str = ""


CLEAN = "a clean installation erases it, with its virtual machines"


def accept(product: str, version: str, brand: Brand, *, own: bool = False) -> Acceptance:
    """Return what can be done with a host of a product and version, as its inventory names them.

    `own` says that a release of this installer made it: of those every version is known but later ones.
    """
    bare = version.partition("-")[0]
    title = f"{product} {bare}"
    if product not in (brand.product, *brand.former_products):
        return Acceptance(refused=f"{title} is another product than {brand.product}", hint=CLEAN)
    if any(fnmatchcase(bare, pattern) for pattern in brand.reinstalled):
        return Acceptance()
    if any(fnmatchcase(bare, pattern) for pattern in brand.upgraded):
        return Acceptance(Mode.UPGRADE)
    order, newest = _order(bare), max((_order(one) for one in brand.versions), default=())
    if not order:
        return Acceptance(refused=f"the version of {product} is not told", hint=CLEAN)
    if order > newest:
        hint = f"use the installer of that version; {CLEAN}"
        return Acceptance(refused=f"{title} is later than what this installer installs", hint=hint)
    if own:
        return Acceptance()
    if brand.first_upgrade and order < _order(brand.first_upgrade):
        hint = f"first upgrade to {brand.product} {brand.first_upgrade} with its own installer, then start this one"
        return Acceptance(Mode.UPGRADE, f"{title} is too old to be upgraded directly", hint)
    return Acceptance(refused=f"{title} is not among the versions that can be installed over", hint=CLEAN)


def _order(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, to compare it by; none when it begins with no number."""
    match = re.match(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,5}", version)
    return tuple(int(number) for number in match[0].split(".")) if match else ()
