"""Each rule of an answer: what it takes, what it makes of it, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.model import rules
from installer.model.answers import PasswordKind
from installer.model.errors import InstallerError, InvalidAnswer
from installer.model.source import LocationKind
from installer.model.wording import nearest, quoted

SHA512 = "$6$saltsalt$" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./abcdefghijklmnopqrstuv"
TEXT_RULES: tuple[Callable[[str], object], ...] = (
    rules.bond_members,
    rules.disk_mark,
    rules.disk_name,
    rules.disk_size,
    rules.disk_wwn,
    rules.hostname,
    rules.ipv4_address,
    rules.ipv6_address,
    rules.ipv6_interface,
    rules.keymap,
    rules.location,
    rules.mac,
    rules.nameserver,
    rules.netmask,
    rules.nic_name,
    rules.ntp_server,
    rules.on_off,
    rules.package_name,
    rules.root_password,
    rules.root_password_hash,
    rules.ssh_key,
    rules.time_method,
    rules.timezone,
    rules.vlan,
    rules.yes_no,
)


def fault(rule: Callable[[str], object], text: str) -> InvalidAnswer:
    """Return what the rule says against a text."""
    with pytest.raises(InvalidAnswer) as caught:
        rule(text)
    return caught.value


@pytest.mark.parametrize("rule", TEXT_RULES)
@given(text=st.text())
def test_any_text_gives_a_value_or_one_of_our_errors(rule: Callable[[str], object], text: str) -> None:
    try:
        rule(text)
    except InstallerError as error:
        assert error.what


@pytest.mark.parametrize("rule", TEXT_RULES)
@given(text=st.from_regex(r"[a-z0-9.:/@$%#{} _-]{0,40}", fullmatch=True))
def test_any_likely_text_gives_a_value_or_one_of_our_errors(rule: Callable[[str], object], text: str) -> None:
    """As above with the characters that the rules are made of, so that more of them is reached."""
    try:
        rule(text)
    except InstallerError as error:
        assert "\n" not in error.what + error.hint


@pytest.mark.parametrize("rule", TEXT_RULES)
def test_a_line_end_behind_a_good_text_is_refused(rule: Callable[[str], object]) -> None:
    """Patterns that end in $ would let it through."""
    for text in (
        "sda\n",
        "host\n",
        "10.0.0.1\n",
        "us\n",
        "/srv/x\n",
        "255.255.255.0\n",
        "UTC\n",
        "yes\n",
        f"{SHA512}\n",
    ):
        with pytest.raises(InvalidAnswer):
            rule(text)


@pytest.mark.parametrize("rule", TEXT_RULES)
def test_the_empty_text_is_refused(rule: Callable[[str], object]) -> None:
    fault(rule, "")


@pytest.mark.parametrize("rule", TEXT_RULES)
@pytest.mark.parametrize("mark", ["@NAME@", "@name@", "{{ name }}", "${name}", "$NAME", "%NAME%", "%name%", "{% x %}"])
def test_an_unfilled_template_mark_has_its_own_message(rule: Callable[[str], object], mark: str) -> None:
    assert "template mark" in fault(rule, mark).what


@pytest.mark.parametrize(
    "text", ["a", "xen1", "XEN-1", "1", "4u2", "xen1.example.com", "a" * 63, "a.b-c.d0", "3com.com"]
)
def test_hostname_takes_labels_and_full_names(text: str) -> None:
    assert rules.hostname(text) == text


def test_hostname_takes_253_characters() -> None:
    text = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])
    assert len(rules.hostname(text)) == 253


@pytest.mark.parametrize(
    "text",
    ["-a", "a-", "a..b", ".a", "a.", "a_b", "a b", "ä", "a" * 64, "10.0.0.1", "a.1", "a/b", "a:1", "a٣", "\u212aelvin"],
)
def test_hostname_refuses(text: str) -> None:
    fault(rules.hostname, text)


def test_hostname_refuses_254_characters() -> None:
    assert "253" in fault(rules.hostname, ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 62])).what


def test_address_is_an_address() -> None:
    assert rules.ipv4_address("192.168.1.10") == IPv4Address("192.168.1.10")


@pytest.mark.parametrize(
    "text",
    [
        "192.168.1",
        "192.168.1.256",
        "192.168.1.010",
        "1.2.3.4.5",
        "host",
        "1.2.3.4/24",
        "::1",
        "\uff11.2.3.4",
        " 1.2.3.4",
    ],
)
def test_address_refuses(text: str) -> None:
    fault(rules.ipv4_address, text)


@pytest.mark.parametrize(
    ("text", "length"), [("255.255.255.0", 24), ("255.255.254.0", 23), ("128.0.0.0", 1), ("255.255.255.255", 32)]
)
def test_netmask_gives_its_prefix_length(text: str, length: int) -> None:
    assert rules.netmask(text) == length


@pytest.mark.parametrize(
    "text", ["0.0.0.0", "255.0.255.0", "0.0.0.255", "255.255.255", "255.255.255.00", "256.0.0.0", "/33"]
)
def test_netmask_refuses(text: str) -> None:
    fault(rules.netmask, text)


@pytest.mark.parametrize("text", ["24", "/24"])
def test_netmask_says_how_a_prefix_length_is_written(text: str) -> None:
    assert fault(rules.netmask, text).hint == "write 255.255.255.0"


@pytest.mark.parametrize("address", ["10.0.0.0", "10.0.0.255", "127.0.0.1", "224.0.0.1", "0.0.0.1", "255.255.255.255"])
def test_a_host_may_not_have_the_address(address: str) -> None:
    with pytest.raises(InvalidAnswer):
        rules.interface_address(IPv4Address(address), 24)


def test_a_network_of_two_addresses_has_no_broadcast_address() -> None:
    """RFC 3021."""
    assert rules.interface_address(IPv4Address("10.0.0.0"), 31) == IPv4Interface("10.0.0.0/31")


def test_static_address_holds_interface_and_gateway() -> None:
    static = rules.static_address(IPv4Interface("10.0.0.7/8"), IPv4Address("10.255.255.254"))
    assert (str(static.interface), str(static.gateway)) == ("10.0.0.7/8", "10.255.255.254")


@pytest.mark.parametrize("gateway", ["10.0.1.1", "10.0.0.7", "10.0.0.0", "10.0.0.255"])
def test_gateway_must_be_another_host_of_the_network(gateway: str) -> None:
    with pytest.raises(InvalidAnswer, match=gateway):
        rules.static_address(IPv4Interface("10.0.0.7/24"), IPv4Address(gateway))


@pytest.mark.parametrize("text", ["0.0.0.0", "224.0.0.251", "255.255.255.255", "dns.example.com"])
def test_nameserver_refuses(text: str) -> None:
    fault(rules.nameserver, text)


@pytest.mark.parametrize("text", ["00:16:3E:12:AB:CD", "00-16-3e-12-ab-cd"])
def test_mac_is_written_one_way(text: str) -> None:
    assert rules.mac(text) == "00:16:3e:12:ab:cd"


@pytest.mark.parametrize(
    "text",
    [
        "00:16:3e:12:ab",
        "00:16-3e:12:ab:cd",
        "01:00:5e:00:00:01",
        "00:00:00:00:00:00",
        "00163e12abcd",
        "00:16:3e:12:ab:cg",
    ],
)
def test_mac_refuses(text: str) -> None:
    fault(rules.mac, text)


@pytest.mark.parametrize("text", ["eth0", "ens3", "enp0s31f6", "eno1np0", "enx00163e12abcd"])
def test_nic_name_takes(text: str) -> None:
    assert rules.nic_name(text) == text


@pytest.mark.parametrize("text", ["lo", "eth 0", "../eth0", "0eth", "a" * 16, "eth0/1", "eth0:1"])
def test_nic_name_refuses(text: str) -> None:
    fault(rules.nic_name, text)


def test_nic_name_says_how_a_vlan_is_written() -> None:
    assert fault(rules.nic_name, "eth0.100").hint == 'write name="eth0" vlan="100"'


@pytest.mark.parametrize(
    "text", ["Europe/London", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+3", "America/Los_Angeles"]
)
def test_timezone_takes(text: str) -> None:
    assert rules.timezone(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("europe/london", "Europe/London"),
        ("Europe/london", "Europe/London"),
        ("utc", "UTC"),
        ("America/New York", "America/New_York"),
        ("London", "Europe/London"),
        ("Europe/Londn", "Europe/London"),
    ],
)
def test_timezone_says_what_was_meant(text: str, meant: str) -> None:
    assert fault(rules.timezone, text).hint == f"did you mean {meant}?"


@pytest.mark.parametrize(
    "text", ["Mars/Olympus", "../../etc/passwd", "localtime", "Factory", "/Europe/London", "Europe/", "right/UTC"]
)
def test_timezone_refuses(text: str) -> None:
    fault(rules.timezone, text)


@pytest.mark.parametrize("text", ["us", "de-latin1-nodeadkeys", "sr-cy", "defkeymap_V1.0", "pt-latin9"])
def test_keymap_takes(text: str) -> None:
    assert rules.keymap(text) == text


@pytest.mark.parametrize(
    "text", ["/usr/share/keymaps/us", "../us", "us;reboot", "us map", "-u", "us.map.gz", "us.kmap", "a..b"]
)
def test_keymap_refuses(text: str) -> None:
    fault(rules.keymap, text)


@pytest.mark.parametrize(
    "text",
    [
        *("sda", "/dev/sda", "nvme0n1", "/dev/nvme0n1", "xvda", "sdaa", "mmcblk0", "md127", "loop0"),
        "/dev/disk/by-id/ata-ST480_S3RIAL",
        "/dev/disk/by-id/nvme-eui.0025388b",
        r"/dev/disk/by-id/usb-A\x20B-0:0",
    ],
)
def test_disk_name_is_kept_as_given(text: str) -> None:
    assert rules.disk_name(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "/dev/mapper/vg-lv",
            "/dev/disk/by-path/pci-0",
            "/dev/disk/by-id/../../sda",
            "/dev/disk/by-id/",
            "/dev/../sda",
        ),
        "/dev/disk/by-id/a/b",
        "/dev/",
        "/dev//sda",
        "/dev//dev/sda",
        "sda sdb",
        "sda,sdb",
        "/etc/passwd",
        "disk/by-id/x",
    ],
)
def test_disk_name_refuses(text: str) -> None:
    fault(rules.disk_name, text)


@pytest.mark.parametrize(
    "text", ["sda1", "/dev/sda1", "xvda2", "nvme0n1p1", "mmcblk0p1", "loop0p1", "/dev/disk/by-id/ata-X-part1"]
)
def test_disk_name_tells_a_partition(text: str) -> None:
    assert "partition" in fault(rules.disk_name, text).what


def test_disk_name_says_what_was_meant() -> None:
    assert fault(rules.disk_name, "SDA").hint == "did you mean sda?"


@pytest.mark.parametrize("text", ["a", "my password", "pässwörd", "<&>\"'", "$ecret99", "100%", "@home", "p" * 511])
def test_password_in_clear_takes(text: str) -> None:
    password = rules.root_password(text)
    assert (password.kind, password.text.reveal()) == (PasswordKind.PLAINTEXT, text)


@pytest.mark.parametrize("text", ["a\nb", "a\0b", "a\rb", "a\tb", " a", "a ", "p" * 512, "ä" * 256, "a\ud800"])
def test_password_in_clear_refuses(text: str) -> None:
    fault(rules.root_password, text)


@pytest.mark.parametrize(("text", "short"), [("12345", True), ("123456", False), ("ééééé", True)])
def test_a_password_below_six_characters_is_short(text: str, short: bool) -> None:
    assert rules.is_short(rules.root_password(text)) is short


def test_a_hash_is_never_short() -> None:
    assert not rules.is_short(rules.root_password_hash("!!"))


@pytest.mark.parametrize(
    "text",
    [
        "!!",
        SHA512,
        SHA512.replace("$6$", "$6$rounds=5000$"),
        "$5$saltsalt$" + SHA512[-43:],
        "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
        "$2b$12$" + SHA512[-53:],
        "$y$j9T$saltsaltsalt$" + SHA512[-43:],
        "$gy$j9T$saltsaltsalt$" + SHA512[-43:],
    ],
)
def test_hash_takes_the_methods_of_crypt(text: str) -> None:
    password = rules.root_password_hash(text)
    assert (password.kind, password.text.reveal()) == (PasswordKind.HASH, text)


@pytest.mark.parametrize(
    "text",
    [
        SHA512[:-1],
        SHA512 + "a",
        SHA512[1:],
        "!",
        "*",
        "x",
        "abJnggxhB/yWI",
        SHA512.replace("$6$", "$4$"),
        "$6$a:b$" + SHA512[-86:],
    ],
)
def test_hash_refuses_what_is_not_well_formed(text: str) -> None:
    fault(rules.root_password_hash, text)


@pytest.mark.parametrize(
    "text", ["$6$...", "HASH", "$6$xxxx", "$6$salt$hash", "your-hash-here", "$6$saltsalt$" + "x" * 86, "$6$…"]
)
def test_hash_refuses_a_placeholder_as_such(text: str) -> None:
    assert "placeholder" in fault(rules.root_password_hash, text).what


@pytest.mark.parametrize(("text", "like"), [(SHA512, True), ("mypassword", False)])
def test_a_password_in_clear_may_look_like_a_hash(text: str, like: bool) -> None:
    assert rules.looks_like_hash(rules.root_password(text)) is like


@given(text=st.text(min_size=3, max_size=30).filter(lambda text: text not in "the root password is not a hash"))
def test_no_rule_of_passwords_quotes_one(text: str) -> None:
    marked = f"MARKER{text}MARKER"
    for rule in (rules.root_password, rules.root_password_hash):
        try:
            assert "MARKER" not in repr(rule(marked))
        except InvalidAnswer as error:
            assert "MARKER" not in str(error) + repr(error)


@pytest.mark.parametrize(
    "text",
    [
        "http://pxehost.acme.com",
        "http://pxehost.acme.com/",
        "HTTPS://pxe_host:8443/a/b/?x=1&y=2",
        "http://user:p%40ss@10.0.0.1/x",
        "http://user@host/x",
        "http://[fd00::1]:80/x",
        "http://host/a%20b",
        "http://host/?$top=3",
        "http://host/%ab%cd",
        "ftp://host/x",
        "FTP://us%3Aer:p%40ss@10.0.0.1:2121/%2Fsrv/a%20b/",
        "file:///mnt/xs",
        "file://localhost/mnt/xs",
        "/mnt/My Disc/äöü",
        "/",
    ],
)
def test_location_is_kept_as_given(text: str) -> None:
    location = rules.location(text)
    assert (location.kind, location.url.reveal()) == (LocationKind.URL, text)


@pytest.mark.parametrize(
    "text",
    [
        "host/path",
        "path",
        "./path",
        "//host/path",
        "http:/host/x",
        "http://",
        "http:///x",
        "http://host:0/",
        "http://host:65536/",
        "http://host:port/",
        "http://host:/",
        "http://10.0.0.256/",
        "http://[fd00::1/",
        "http://[zz]/",
        "http://ho st/",
        "http://host/a b",
        "http://host/ä",
        "http://host/%zz",
        "http://host/%00",
        "http://host/x#y",
        "http://user:p@ss@host/",
        "http://a:b:c@host/",
        "http://host\\x",
        "ftp://",
        "ftp:/host/x",
        "ftp://host:port/",
        "ftp://host/x?y",
        "ftp://host/a%0D%0ADELE%20b",
        "ftp://us%0aer:x@host/",
        "gopher://host/",
        "file://server/x",
        "file://",
        "file:/x",
        "/a\nb",
        "/a ",
    ],
)
def test_location_refuses(text: str) -> None:
    fault(rules.location, text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("nfs://host/x", "nfs://host/x"),
        ("NFS://host:2050/a%20b?version=3&mountport=7", "NFS://host:2050/a%20b?version=3&mountport=7"),
        ("nfs://host:/x", "nfs://host:/x"),
        ("host:/x", "nfs://host/x"),
        ("host:/x@1/y", "nfs://host/x%401/y"),
        ("10.0.0.1:/my disc/ä", "nfs://10.0.0.1/my%20disc/%C3%A4"),
        ("pxe.example.com:/srv/xs/", "nfs://pxe.example.com/srv/xs/"),
    ],
)
def test_location_takes_every_form_of_an_nfs_path(text: str, url: str) -> None:
    assert rules.location(text).url.reveal() == url
    assert rules.nfs_location(text).url.reveal() == url


def test_nfs_location_takes_a_path_without_a_slash() -> None:
    assert rules.nfs_location("host:x/y") == rules.location("nfs://host/x/y")


@pytest.mark.parametrize("text", ["host:x", "htp:/host/x", "nfs:/host/x", "host:2049/x", "0:/@"])
def test_location_takes_no_nfs_path_that_may_be_something_else(text: str) -> None:
    fault(rules.location, text)


@pytest.mark.parametrize(
    "text",
    [
        "host",
        "/srv/xs",
        "http://host/x",
        "host:",
        "host:2049/x",
        "user@host:/x",
        "nfs://user@host/x",
        "nfs:///x",
        "nfs://host/x?version=2",
        "nfs://host/x?uid=0",
        "nfs://host/a%3Fversion=4",
        "nfs://host/a%0Ab",
        "nfs://host/a b",
        "host:/a\nb",
        "ho st:/x",
        "@HOST@:/x",
    ],
)
def test_nfs_location_refuses(text: str) -> None:
    fault(rules.nfs_location, text)


def test_location_says_what_scheme_was_meant() -> None:
    assert fault(rules.location, "htttp://host/").hint == "did you mean http?"


@pytest.mark.parametrize(
    "text", ["http://@HOST@/x", "http://{{host}}/x", "http://host/$RELEASE", "http://h/%BASE%/x", "@url@/x"]
)
def test_location_finds_a_template_mark_inside(text: str) -> None:
    assert "template mark" in fault(rules.location, text).what


@given(user=st.text(max_size=8), password=st.text(max_size=8), rest=st.text(max_size=20))
def test_location_never_shows_credentials(user: str, password: str, rest: str) -> None:
    text = f"http://{user}MARKER:{password}MARKER@{rest}"
    try:
        assert "MARKER" not in repr(rules.location(text))
    except InvalidAnswer as error:
        assert "MARKER" not in str(error)


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("TRUE", True), ("No", False), ("false", False)])
def test_yes_no_takes_any_case(text: str, value: bool) -> None:
    assert rules.yes_no(text) is value


@pytest.mark.parametrize("text", ["y", "1", "on", "yes ", "n\u03bf"])
def test_yes_no_refuses(text: str) -> None:
    fault(rules.yes_no, text)


@pytest.mark.parametrize("text", ["docs", "pvdrivers-win", "dom0fs", "xgts-main", "a_b.c+1"])
def test_package_name_takes(text: str) -> None:
    assert rules.package_name(text) == text


@pytest.mark.parametrize("text", ["a b", "../a", "a/b", "-a", ".a", "a..b"])
def test_package_name_refuses(text: str) -> None:
    fault(rules.package_name, text)


@given(text=st.text())
def test_a_quoted_text_stays_on_one_short_line(text: str) -> None:
    line = quoted(text)
    assert line.isprintable() and len(line) < 700


def test_a_quoted_address_shows_no_credentials() -> None:
    assert quoted("see http://user:secret@host/x") == '"see http://***@host/x"'


def test_the_nearest_word_may_differ_in_hyphens_and_case_only() -> None:
    assert nearest("Primary_Disk", ("primary-disk", "primary-disc")) == "primary-disk"


def test_nothing_is_near_a_strange_word() -> None:
    assert nearest("flavour", ("primary-disk", "keymap")) is None


@pytest.mark.parametrize(
    "text",
    ["http://h/x", "HTTPS://u:p@h:8443/x?y", "syslog://h", "syslog://10.0.0.1:1514/", "Syslog+TCP://[2001:db8::1]:601"],
)
def test_place_for_reports_is_kept_as_given(text: str) -> None:
    assert rules.report_location(text).url.reveal() == text


@pytest.mark.parametrize(
    "text",
    ["", "h", "/path", "file:///x", "ftp://h/", "nfs://h/x", "syslog://", "syslog://h/x", "syslog://h?x", "syslog://h:0",
     "syslog://u:marked-secret@h", "syslogs://h", "syslog:h", "http://", "http://h:x/"],
)  # fmt: skip
def test_place_for_reports_refuses(text: str) -> None:
    assert "marked-secret" not in str(fault(rules.report_location, text))
