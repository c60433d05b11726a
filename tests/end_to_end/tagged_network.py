"""A network whose packets all carry the tag of one VLAN, before a user network of QEMU's that knows of no tags."""

from __future__ import annotations

import select
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

TAGGED = 0x8100  # IEEE 802.1Q
ADDRESSES_BYTES = 12  # of both ends, before the tag
TAG_BYTES = 4
NUMBER = 0x0FFF
PACKET_BYTES = 65536
LOOK_S = 0.2


def without_tag(packet: bytes, tag: int) -> bytes | None:
    """Return a packet of this VLAN as it was before it was tagged, None for every other packet."""
    if len(packet) < ADDRESSES_BYTES + TAG_BYTES:
        return None
    kind, number = struct.unpack_from("!HH", packet, ADDRESSES_BYTES)
    if kind != TAGGED or number & NUMBER != tag:
        return None
    return packet[:ADDRESSES_BYTES] + packet[ADDRESSES_BYTES + TAG_BYTES :]


def with_tag(packet: bytes, tag: int) -> bytes:
    """Return a packet with the tag of this VLAN."""
    return packet[:ADDRESSES_BYTES] + struct.pack("!HH", TAGGED, tag) + packet[ADDRESSES_BYTES:]


def _cable(name: str, here: Path, there: Path) -> tuple[str, str]:
    return "-netdev", f"dgram,id={name},local.type=unix,local.path={here},remote.type=unix,remote.path={there}"


def _socket(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.bind(str(path))
    return made


def _relay(
    machine: socket.socket, network: socket.socket, ends: tuple[Path, Path], tag: int, done: threading.Event
) -> None:
    """Carry packets to both ends until it is done; what an end does not take is lost, as on a cable."""
    while not done.is_set():
        for ready in select.select([machine, network], [], [], LOOK_S)[0]:
            packet = ready.recv(PACKET_BYTES)
            carried = without_tag(packet, tag) if ready is machine else with_tag(packet, tag)
            if carried is None:
                continue
            to = ends[1] if ready is machine else ends[0]
            try:
                ready.sendto(carried, str(to))
            except OSError:  # that end is not there
                continue


@contextmanager
def tagged_network(directory: Path, tag: int) -> Iterator[tuple[str, ...]]:
    """Give the options of a machine whose only network it is: DHCP, and this machine as 10.0.2.2, behind the tag."""
    names = ("machine", "to-machine", "network", "to-network")
    machine, to_machine, network, to_network = (directory / f"{name}.packets" for name in names)
    argv = ["qemu-system-x86_64", "-M", "none", "-display", "none", "-monitor", "none", "-serial", "none"]
    argv += ["-netdev", "user,id=user", "-netdev", "hubport,id=first,hubid=0,netdev=user"]
    argv += [*_cable("cable", network, to_network), "-netdev", "hubport,id=second,hubid=0,netdev=cable"]
    done = threading.Event()
    with ExitStack() as stack:
        sockets = [stack.enter_context(_socket(path)) for path in (to_machine, to_network)]
        process = stack.enter_context(subprocess.Popen(argv, stdin=subprocess.DEVNULL))
        stack.callback(process.terminate)
        relay = threading.Thread(target=_relay, args=(*sockets, (machine, network), tag, done))
        relay.start()
        stack.callback(relay.join)
        stack.callback(done.set)
        yield (*_cable("lan", machine, to_machine), "-device", "e1000,netdev=lan")
