"""How each type of package gets onto the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backend.packages.single_file import install_driver, install_firmware
from backend.packages.tbz2 import install_tbz2
from backend.packages.tzst import install_tzst
from backend.system import System
from installer.model.source import Package, PackageType

Handler = Callable[[System, Iterable[bytes], Package, Callable[[int], None]], None]
HANDLERS: dict[PackageType, Handler] = {
    PackageType.TBZ2: install_tbz2,
    PackageType.TZST: install_tzst,
    PackageType.DRIVER: install_driver,
    PackageType.FIRMWARE: install_firmware,
}
