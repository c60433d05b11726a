"""Machine files: the round trip, the shipped ones, and every wrong field with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.model.errors import ExitCode, UsageError
from installer.model.host import Disk, Firmware, Host, Nic, SerialConsole, Virtualization
from installer.model.machine_file import SHIPPED, default_host, dump_host, load_host, shipped_host
from installer.model.storage import Holder, HolderKind, Part, Signature
from tests.installer.model.existing_hosts import BACKUPS, INSTALLED

ROOT = Path(__file__).parents[3]
FILES = sorted((*(ROOT / "installer" / "data").glob("*.json"), *(ROOT / "tests" / "machines").glob("*.json")))
COUNT = st.integers(0, 2**63 - 1)
NAMES = st.text(min_size=1).filter(lambda text: bool(text.strip()))
SIGNATURES = st.builds(
    Signature,
    type=NAMES,
    label=st.text(),
    uuid=st.text(),
    group=st.text(),
    group_uuid=st.text(),
    members=COUNT,
    member_uuids=st.tuples(st.text()),
)
PARTS = st.builds(
    Part,
    number=COUNT,
    start_bytes=COUNT,
    size_bytes=COUNT,
    type=st.text(),
    signatures=st.lists(SIGNATURES, max_size=2).map(tuple),
)
HOLDERS = st.builds(
    Holder,
    device=NAMES,
    name=NAMES,
    kind=st.sampled_from(HolderKind),
    disks=st.lists(st.text()).map(tuple),
    group=st.text(),
)
DISKS = st.builds(
    Disk,
    name=NAMES,
    path=NAMES,
    size_bytes=COUNT,
    sector_bytes=st.sampled_from((512, 4096)),
    model=st.text(),
    serial=st.text(),
    wwn=st.text(),
    by_id=st.lists(st.text()).map(tuple),
    transport=st.text(),
    removable=st.booleans(),
    read_only=st.booleans(),
    contents=st.text(),
    excluded=st.text(),
    physical_sector_bytes=COUNT,
    rotational=st.none() | st.booleans(),
    boot_medium=st.booleans(),
    table=st.text(),
    parts=st.lists(PARTS, max_size=3).map(tuple),
    holders=st.lists(HOLDERS, max_size=2).map(tuple),
    installed=st.none() | INSTALLED,
    backup=st.none() | BACKUPS,
)
NICS = st.builds(
    Nic,
    name=NAMES,
    mac=st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":")),
    driver=st.text(),
    carrier=st.none() | st.booleans(),
    speed_mbit=st.none() | COUNT,
)
HOSTS = st.builds(
    Host,
    firmware=st.sampled_from(Firmware),
    memory_bytes=COUNT,
    virtualization=st.sampled_from(Virtualization),
    disks=st.lists(DISKS, max_size=4, unique_by=lambda disk: disk.name).map(tuple),
    nics=st.lists(NICS, max_size=4, unique_by=lambda nic: nic.name).map(tuple),
    cpu_model=st.text(),
    cpu_mhz=COUNT,
    console=st.none() | st.builds(SerialConsole, port=st.integers(0, 255), speed=st.integers(10, 9_999_999)),
    secure_boot=st.booleans(),
)


@given(HOSTS)
def test_loads_what_it_dumps(host: Host) -> None:
    text = dump_host(host)
    assert load_host(text, "m") == host == load_host(text.encode(), "m")


@given(st.binary() | st.text())
def test_any_bytes_are_a_host_or_an_error_for_the_user(text: bytes | str) -> None:
    with pytest.raises(UsageError, match=r"^m\.json"):
        load_host(text, "m.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.sampled_from(sorted(json.loads(dump_host(default_host())))), JSON)
def test_any_value_in_any_field_is_a_host_or_an_error_for_the_user(field: str, value: object) -> None:
    document = json.loads(dump_host(default_host()))
    document[field] = value
    try:
        load_host(json.dumps(document), "m.json")
    except UsageError as error:
        assert error.where == "m.json"
        assert error.what.startswith(field) or "twice" in error.what


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_the_tree_are_as_they_would_be_dumped(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert dump_host(load_host(text, path.name)) == text


def test_the_default_machine_is_the_one_of_the_demonstration() -> None:
    host = default_host()
    assert (host.firmware, host.memory_bytes, host.virtualization) == ("bios", 1536 * 2**20, "svm")
    assert [(disk.name, disk.model, disk.size_bytes) for disk in host.disks] == [("sda", "QEMU HARDDISK", 2**34)]
    assert host.nics == (Nic("eth0", "52:54:00:12:34:56", "e1000", True, 1000),)
    assert host.console == SerialConsole(0, 115200)


def test_the_machine_for_uefi_differs_in_its_firmware_only() -> None:
    assert SHIPPED == ("qemu", "qemu-uefi")
    assert shipped_host("qemu-uefi") == replace(default_host(), firmware=Firmware.UEFI)


def test_fields_with_a_default_may_be_left_out() -> None:
    document = {
        "format": "installer-machine",
        "version": 1,
        "firmware": "uefi",
        "memory_bytes": 1,
        "virtualization": "svm",
        "disks": [{"name": "sda", "path": "/dev/sda", "size_bytes": 5}],
        "nics": [{"name": "eth0", "mac": "00:00:00:00:00:01"}],
    }
    assert load_host("\ufeff".encode() + json.dumps(document).encode(), "m") == Host(
        Firmware.UEFI,
        1,
        Virtualization.AMD_V,
        (Disk("sda", "/dev/sda", 5),),
        (Nic("eth0", "00:00:00:00:00:01"),),
    )


Document = dict[str, object]
WRONG: dict[str, tuple[Callable[..., object], str]] = {
    "other format": (lambda d: d.update(format="x"), "format is not 'installer-machine'"),
    "later version": (lambda d: d.update(version=2), "version is 2; this installer reads version 1"),
    "no version": (lambda d: d.pop("version"), "version is missing"),
    "unknown field": (lambda d: d.update(colour="red"), "'colour' is not a field"),
    "unknown disk field": (lambda d: d["disks"][0].update(sise=1), r"disks\[0\].'sise' is not a field.*size_bytes"),
    "missing size": (lambda d: d["disks"][0].pop("size_bytes"), r"disks\[0\].size_bytes is missing"),
    "size as text": (lambda d: d["disks"][0].update(size_bytes="16G"), r"disks\[0\].size_bytes is a string, not"),
    "size as truth": (lambda d: d["disks"][0].update(size_bytes=True), "is true or false, not a whole number"),
    "size as fraction": (lambda d: d["disks"][0].update(size_bytes=1.5), "is a fraction, not a whole number"),
    "size below zero": (lambda d: d["disks"][0].update(size_bytes=-1), "is -1, not between 0 and"),
    "size too big": (lambda d: d["disks"][0].update(size_bytes=2**63), "not between 0 and"),
    "sector size": (lambda d: d["disks"][0].update(sector_bytes=520), "is 520, not one of 512, 1024"),
    "empty name": (lambda d: d["disks"][0].update(name=" "), r"disks\[0\].name is empty"),
    "by_id no list": (lambda d: d["disks"][0].update(by_id="x"), r"disks\[0\].by_id is a string, not a list"),
    "by_id of numbers": (lambda d: d["disks"][0].update(by_id=["x", 1]), r"disks\[0\].by_id\[1\] is a whole number"),
    "disks no list": (lambda d: d.update(disks={}), "disks is an object, not a list"),
    "disk no object": (lambda d: d["disks"].append(None), r"disks\[1\] is null, not an object"),
    "disk twice": (lambda d: d["disks"].append(d["disks"][0]), r"disks\[1\].name is 'sda' a second time"),
    "nic twice": (lambda d: d["nics"].append(d["nics"][0]), r"nics\[1\].name is 'eth0' a second time"),
    "upper case MAC": (lambda d: d["nics"][0].update(mac="AA:BB:CC:DD:EE:FF"), r"nics\[0\].mac is not a MAC"),
    "carrier as number": (lambda d: d["nics"][0].update(carrier=1), r"nics\[0\].carrier is a whole number, not true"),
    "removable null": (lambda d: d["disks"][0].update(removable=None), "removable is null, not true or false"),
    "turns as number": (lambda d: d["disks"][0].update(rotational=1), "rotational is a whole number, not true"),
    "parts no list": (lambda d: d["disks"][0].update(parts={}), r"disks\[0\].parts is an object, not a list"),
    "part without size": (
        lambda d: d["disks"][0].update(parts=[{"number": 1, "start_bytes": 0}]),
        r"disks\[0\].parts\[0\].size_bytes is missing",
    ),
    "signature of no type": (
        lambda d: d["disks"][0].update(
            parts=[{"number": 1, "start_bytes": 0, "size_bytes": 1, "signatures": [{"type": ""}]}]
        ),
        r"parts\[0\].signatures\[0\].type is empty",
    ),
    "kind of holder": (
        lambda d: d["disks"][0].update(holders=[{"device": "dm-0", "name": "a", "kind": "raid"}]),
        r"holders\[0\].kind is 'raid', not one of lvm, md",
    ),
    "firmware": (lambda d: d.update(firmware="efi"), "firmware is 'efi', not one of bios, uefi"),
    "firmware null": (lambda d: d.update(firmware=None), "firmware is null, not a string"),
    "console port": (lambda d: d.update(console={"port": 256}), "console.port is 256, not between 0 and 255"),
    "console unknown": (lambda d: d.update(console={"port": 0, "baud": 1}), "console.'baud' is not a field"),
    "no disks": (lambda d: d.pop("disks"), "disks is missing"),
    "last surrogate": (lambda d: d.update(cpu_model="\udfff"), "cpu_model holds half a surrogate pair"),
    "surrogate": (lambda d: d.update(cpu_model="\ud800"), "cpu_model holds half a surrogate pair"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_names_file_and_field_of_what_is_wrong(name: str) -> None:
    document = json.loads(dump_host(default_host()))
    change, reason = WRONG[name]
    change(document)
    with pytest.raises(UsageError, match=reason) as caught:
        load_host(json.dumps(document), "rack7.json")
    assert str(caught.value).startswith("rack7.json: ")
    assert caught.value.exit_code is ExitCode.BAD_ANSWERS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "rack7.json:1:1: not JSON: Expecting value"),
        ('{\n  "format": ,\n}', "rack7.json:2:13: not JSON"),
        ("[]", "rack7.json: the document is a list, not an object"),
        ("nul", "rack7.json:1:1: not JSON"),
        ('{"format": "a", "format": "b"}', "rack7.json: .*'format' is given twice"),
        ("[" * 100_000, "rack7.json: .*nested too deeply"),
        ('{"format": ' + "9" * 5000 + "}", "rack7.json: .*limit"),
        (b"\xff\xfe{", "rack7.json: byte 0 is not UTF-8"),
        ('{"format": NaN}', "rack7.json: format is a fraction, not a string"),
    ],
)
def test_names_file_and_place_of_what_is_no_json(text: str | bytes, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        load_host(text, "rack7.json")


FULL = Host(
    Firmware.BIOS,
    1,
    Virtualization.NONE,
    (Disk("sda", "/dev/sda", 1, parts=(Part(1, 1, 1, signatures=(Signature("ext3", members=1),)),)),),
    (Nic("eth0", "52:54:00:12:34:56", speed_mbit=1),),
    console=SerialConsole(1, 9600),
)
BYTES = (0, 2**63 - 1)
LIMITS: dict[str, tuple[Callable[..., object], str, tuple[int, int]]] = {
    "memory": (lambda d: d, "memory_bytes", BYTES),
    "processor": (lambda d: d, "cpu_mhz", BYTES),
    "disk": (lambda d: d["disks"][0], "size_bytes", BYTES),
    "sectors": (lambda d: d["disks"][0], "physical_sector_bytes", BYTES),
    "part": (lambda d: d["disks"][0]["parts"][0], "number", BYTES),
    "start of a part": (lambda d: d["disks"][0]["parts"][0], "start_bytes", BYTES),
    "size of a part": (lambda d: d["disks"][0]["parts"][0], "size_bytes", BYTES),
    "members": (lambda d: d["disks"][0]["parts"][0]["signatures"][0], "members", BYTES),
    "speed": (lambda d: d["nics"][0], "speed_mbit", BYTES),
    "port": (lambda d: d["console"], "port", (0, 255)),
    "speed of the port": (lambda d: d["console"], "speed", (10, 9_999_999)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_numbers_have_limits(name: str) -> None:
    place, field, (least, most) = LIMITS[name]
    for value, fits in ((least, True), (most, True), (least - 1, False), (most + 1, False)):
        document: Document = json.loads(dump_host(FULL))
        inner = place(document)
        assert isinstance(inner, dict)
        inner[field] = value
        text = json.dumps(document)
        if fits:
            assert json.loads(dump_host(load_host(text, "a"))) == document
            continue
        with pytest.raises(UsageError, match=rf"{field} is {value}, not between {least} and {most}"):
            load_host(text, "a")


@pytest.mark.parametrize("version", [0, 2, 2**63 - 1])
def test_another_version_is_named(version: int) -> None:
    with pytest.raises(UsageError, match=f"version is {version}; this installer reads version 1"):
        load_host(json.dumps(json.loads(dump_host(FULL)) | {"version": version}), "a")


@pytest.mark.parametrize("size", [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])
def test_every_size_of_sectors_that_linux_knows(size: int) -> None:
    host = replace(FULL, disks=(replace(FULL.disks[0], sector_bytes=size),))
    assert load_host(dump_host(host), "a") == host
    with pytest.raises(UsageError, match="sector_bytes"):
        load_host(dump_host(replace(FULL, disks=(replace(FULL.disks[0], sector_bytes=size + 1),))), "a")


def test_what_is_left_out_is_nothing_or_what_it_was_always() -> None:
    least = {"format": "installer-machine", "version": 1, "firmware": "bios", "memory_bytes": 0}
    least |= {"virtualization": "none", "disks": [], "nics": [], "console": {"port": 0}}
    host = load_host(json.dumps(least), "a")
    assert host == Host(Firmware.BIOS, 0, Virtualization.NONE, (), (), console=SerialConsole(0, 115200))
    least["disks"] = [
        {
            "name": "sda",
            "path": "/dev/sda",
            "size_bytes": 0,
            "parts": [{"number": 0, "start_bytes": 0, "size_bytes": 0, "signatures": [{"type": "swap"}]}],
        }
    ]
    (disk,) = load_host(json.dumps(least), "a").disks
    assert disk == Disk("sda", "/dev/sda", 0, parts=(Part(0, 0, 0, signatures=(Signature("swap"),)),))
    assert (disk.sector_bytes, disk.physical_sector_bytes, disk.parts[0].signatures[0].members) == (512, 0, 0)


def test_what_a_file_does_not_say_is_not_so() -> None:
    """A machine with the least of words is one in which nothing is removable, in use, secured or known."""
    host = {
        "format": "installer-machine",
        "version": 1,
        "firmware": "bios",
        "memory_bytes": 1,
        "virtualization": "none",
    }
    disk = {"name": "sda", "path": "/dev/sda", "size_bytes": 1}
    nic = {"name": "eth0", "mac": "52:54:00:12:34:56"}
    found = load_host(json.dumps({**host, "disks": [disk], "nics": [nic]}).encode(), "a.json")
    disks = (Disk("sda", "/dev/sda", 1),)
    assert found == Host(Firmware.BIOS, 1, Virtualization.NONE, disks, (Nic("eth0", "52:54:00:12:34:56"),))
    assert (found.cpu_mhz, found.secure_boot, found.virtualization_off) == (0, False, False)
    (one,) = found.disks
    assert (one.sector_bytes, one.removable, one.read_only, one.boot_medium) == (512, False, False, False)


def test_names_are_written_as_people_read_them() -> None:
    disk = Disk("sda", "/dev/sda", 1, model="Plätte")
    assert "Plätte" in dump_host(replace(default_host(), disks=(disk,)))


def test_a_partition_on_which_nothing_was_recognised_need_not_say_so() -> None:
    document = json.loads(dump_host(default_host()))
    document["disks"][0]["parts"] = [{"number": 1, "start_bytes": 0, "size_bytes": 1}]
    assert load_host(json.dumps(document), "m").disks[0].parts == (Part(1, 0, 1),)
