"""Sizes: binary units for layouts, decimal ones for people."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
GB = 1_000_000_000


def align_up(value: int, alignment: int) -> int:
    """Return the smallest multiple of `alignment` that is not below `value` (both in bytes)."""
    return -(-value // alignment) * alignment


def align_down(value: int, alignment: int) -> int:
    """Return the greatest multiple of `alignment` that is not above `value` (both in bytes)."""
    return value // alignment * alignment


def human_size(size_bytes: int) -> str:
    """Return a size as disks are labelled, in powers of ten: 480 GB, 1.9 TB, 37 kB."""
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1000
    digits = 1 if unit == "TB" and amount < 9.95 else 0
    return f"{amount:.{digits}f} {unit}"


SIZE_UNITS = {
    "TB": 1000**4,
    "GB": GB,
    "MB": 1000**2,
    "KB": 1000,
    "TiB": 1024 * GIB,
    "GiB": GIB,
    "MiB": MIB,
    "KiB": KIB,
    "B": 1,
}


def exact_size(size_bytes: int) -> str:
    """Return a size in the greatest unit that leaves no rest, as the rule `disk_size` reads it: 480 GB, 5 GiB, 7 B."""
    unit = next(name for name, factor in SIZE_UNITS.items() if size_bytes % factor == 0)
    return f"{size_bytes // SIZE_UNITS[unit]} {unit}"
