"""Drafts of every kind for properties: each field of the model is covered, none holds what no rule lets through."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface
from typing import TypeVar, cast

from hypothesis import strategies as st

from installer.model import rules
from installer.model.answers import (
    AdminInterface,
    DiskChoice,
    Draft,
    Naming,
    StaticAddress,
)
from installer.model.disk_rule import DiskRule, Pick
from installer.model.errors import InvalidAnswer
from installer.model.interface import V6, Bond, BondMode, ProtocolV6
from installer.model.source import Location, LocationKind
from installer.model.wishes import Access, Existing, Mode, OnFailure, Script, Stage, StorageType, TimeMethod, Trust

Value = TypeVar("Value")


def made(texts: st.SearchStrategy[str], rule: Callable[[str], Value]) -> st.SearchStrategy[Value]:
    """Return the values that a rule makes of those texts that it takes."""

    def attempt(text: str) -> Value | None:
        try:
            return rule(text)
        except InvalidAnswer:
            return None

    found: st.SearchStrategy[Value | None] = texts.map(attempt)
    return found.filter(lambda value: value is not None).map(lambda value: cast(Value, value))


WORDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,12}", fullmatch=True)
BY_ID = st.from_regex(r"/dev/disk/by-id/[A-Za-z0-9#+.:=@_\\-]{1,30}", fullmatch=True)
DISKS = made(st.one_of(st.sampled_from(["sda", "sdb", "/dev/sdc", "nvme0n1"]), BY_ID), rules.disk_name)
HASHES = st.one_of(st.just("!!"), st.from_regex(r"\$6\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}", fullmatch=True))
PASSWORDS = st.one_of(
    made(st.text(min_size=1, max_size=20), rules.root_password), made(HASHES, rules.root_password_hash)
)
URLS = st.one_of(
    st.from_regex(
        r"https?://([a-z]{1,5}(:[a-z%0-9&;!]{1,9})?@)?[a-z]{1,9}(:[0-9]{1,5})?(/[!-~]{0,20})?", fullmatch=True
    ),
    st.from_regex(r"file:///[!-~]{0,20}", fullmatch=True),
    st.text(max_size=20).map(lambda text: f"/{text}"),
)
LOCATIONS = st.one_of(st.just(Location(LocationKind.LOCAL)), made(URLS, rules.location))
ADDRESSES = st.ip_addresses(v=4).map(str)
HOSTNAMES = made(st.from_regex(r"[A-Za-z0-9-]{1,9}(\.[a-z0-9]{1,9}){0,3}", fullmatch=True), rules.hostname)


@st.composite
def static_addresses(draw: st.DrawFn) -> StaticAddress:
    network = draw(st.integers(min_value=1 << 24, max_value=(223 << 24) | 0xFFFFFF)) & ~0xFF
    hosts = draw(st.lists(st.integers(min_value=1, max_value=254), min_size=2, max_size=2, unique=True))
    address, gateway = (IPv4Address(network + host) for host in hosts)
    length = draw(st.integers(min_value=8, max_value=24))
    try:
        return rules.static_address(rules.interface_address(address, length), gateway)
    except InvalidAnswer:
        return rules.static_address(IPv4Interface("10.0.0.7/24"), IPv4Address("10.0.0.1"))


def some(item: st.SearchStrategy[Value], most: int = 3) -> st.SearchStrategy[tuple[Value, ...]]:
    """Return tuples of different values."""
    return st.lists(item, max_size=most, unique=True).map(tuple)


MACS = made(st.binary(min_size=6, max_size=6).map(lambda data: data.hex(":")), rules.mac)
NICS = made(st.from_regex(r"[a-z][a-z0-9_-]{0,14}", fullmatch=True), rules.nic_name)
MARKS = made(st.text(max_size=20).map(str.strip), rules.disk_mark)
SIZES = st.none() | st.integers(min_value=0, max_value=10**17 - 1)
DISK_RULES = st.builds(
    DiskRule,
    serial=st.just("") | MARKS,
    wwn=st.sampled_from(["", "0x5000c500a1b2c3d4", "eui.0025385b71b0a1c2"]),
    model=st.just("") | MARKS,
    min_bytes=SIZES,
    max_bytes=SIZES,
    pick=st.none() | st.sampled_from(Pick),
).filter(
    lambda rule: rule != DiskRule() and not (rule.max_bytes is not None and (rule.min_bytes or 0) > rule.max_bytes)
)
V6_ADDRESSES = made(
    st.builds("{}/{}".format, st.ip_addresses(v=6), st.integers(min_value=0, max_value=128)), rules.ipv6_interface
)
V6S = st.sampled_from([V6(ProtocolV6.DHCP), V6(ProtocolV6.AUTOCONF)]) | st.builds(
    V6,
    st.just(ProtocolV6.STATIC),
    V6_ADDRESSES,
    st.none() | made(st.ip_addresses(v=6).map(str), rules.ipv6_address),
)


def without_both(interface: AdminInterface) -> bool:
    """An interface without IPv4 has no address of it, and has IPv6."""
    return not interface.without_ipv4 or (interface.static is None and interface.ipv6 is not None)


INTERFACES = st.builds(
    AdminInterface,
    name=st.none() | NICS,
    static=st.none() | static_addresses(),
    mac=st.none() | MACS,
    vlan=st.none() | st.integers(min_value=1, max_value=4094),
    ipv6=st.none() | V6S,
    without_ipv4=st.booleans(),
).filter(without_both)
BONDS = st.builds(
    Bond,
    NICS,
    st.sampled_from(BondMode),
    st.lists(NICS | MACS, min_size=2, max_size=4, unique=True).map(tuple),
)
NAMINGS = st.builds(Naming, st.none() | HOSTNAMES, some(made(ADDRESSES, rules.nameserver), 4)).filter(
    lambda naming: naming != Naming()
)
NAMED_DISKS = st.builds(
    DiskChoice,
    primary=st.tuples(DISKS),
    guest=some(DISKS),
    storage_on_primary=st.booleans(),
    guest_rules=some(DISK_RULES),
    erase_shared=st.booleans(),
)
DESCRIBED_DISKS = st.builds(
    DiskChoice,
    primary=st.just(()),
    guest=some(DISKS),
    storage_on_primary=st.booleans(),
    primary_rules=st.tuples(DISK_RULES),
    guest_rules=some(DISK_RULES),
    erase_shared=st.booleans(),
)
SCRIPTS = st.builds(Script, st.sampled_from(Stage), LOCATIONS, st.sampled_from(OnFailure))
PLACES = made(URLS, rules.location)
KEYS = st.builds(
    lambda kind, data, comment: rules.ssh_key(f"{kind} {_key(kind, data)} {comment}".strip()),
    st.sampled_from(["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com"]),
    st.binary(min_size=1, max_size=40),
    st.from_regex(r"[!-~]{0,9}( [!-~]{1,9})?", fullmatch=True).map(str.strip),
)


def _key(kind: str, data: bytes) -> str:
    fields = (kind.encode(), data)
    return b64encode(b"".join(len(field).to_bytes(4, "big") + field for field in fields)).decode()


RESTORING = st.builds(
    Draft,
    mode=st.just(Mode.RESTORE),
    existing=st.none() | st.builds(Existing, backup_disk=DISKS),
    trust=st.builds(Trust, report=st.none() | PLACES),
)


def agrees(draft: Draft) -> bool:
    """No answer makes another one void."""
    if draft.mode is not Mode.FRESH and draft.bonds and draft.interface is None:
        return False
    return not (draft.time_method is TimeMethod.MANUAL and draft.ntp_servers)


def _installing(**answers: st.SearchStrategy[object]) -> st.SearchStrategy[Draft]:
    """Return the drafts with what all modes that install have in common."""
    return st.builds(
        Draft,
        keymap=st.none() | made(WORDS, rules.keymap),
        root_password=st.none() | PASSWORDS,
        sources=st.none() | st.lists(LOCATIONS, min_size=1, max_size=3, unique=True).map(tuple),
        skipped_packages=some(made(WORDS, rules.package_name)),
        post_install_script=st.none() | LOCATIONS,
        interface=st.none() | INTERFACES,
        timezone=st.none() | st.sampled_from(["UTC", "Europe/London", "America/Argentina/Buenos_Aires", "Etc/GMT+3"]),
        naming=st.none() | NAMINGS,
        time_method=st.none() | st.sampled_from(TimeMethod),
        ntp_servers=some(made(HOSTNAMES | ADDRESSES | st.ip_addresses(v=6).map(str), rules.ntp_server)),
        scripts=st.lists(SCRIPTS, max_size=3).map(tuple),
        driver_sources=st.lists(LOCATIONS, max_size=2).map(tuple),
        bonds=st.lists(BONDS, max_size=2, unique_by=lambda bond: bond.name).map(tuple),
        other_interfaces=st.lists(
            INTERFACES.filter(lambda interface: bool(interface.name or interface.mac)), max_size=2
        ).map(tuple),
        access=st.builds(Access, some(KEYS), st.none() | st.booleans()),
        trust=st.builds(Trust, some(PLACES), some(PLACES), st.none() | PLACES),
        **answers,
    ).filter(agrees)


FRESH = _installing(
    disks=st.none() | NAMED_DISKS | DESCRIBED_DISKS,
    storage_type=st.none() | st.sampled_from(StorageType),
)
KEEPING = _installing(
    mode=st.sampled_from([Mode.REINSTALL, Mode.UPGRADE]),
    existing=st.none() | st.builds(Existing, disk=DISKS, backup=st.booleans()),
)
DRAFTS = FRESH | KEEPING | RESTORING
