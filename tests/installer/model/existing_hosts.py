"""Installed hosts and backups of every kind, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from installer.model.existing import Backup, GuestRecord, InstalledHost, KeptSettings, LocalStorage, Power
from installer.model.wishes import Mode, StorageType
from tests.installer.drafts import BONDS, INTERFACES

NAMES = st.text(min_size=1).filter(lambda text: bool(text.strip()))
TEXTS = st.lists(st.text(), max_size=2).map(tuple)
GUESTS = st.builds(GuestRecord, uuid=NAMES, name=st.text(), power=st.sampled_from(Power), volumes=TEXTS)
STORAGE = st.builds(LocalStorage, sr_uuid=NAMES, type=st.sampled_from(StorageType), devices=TEXTS)
SETTINGS = st.builds(
    KeptSettings,
    keymap=st.none() | st.text(),
    timezone=st.none() | st.text(),
    ntp_servers=TEXTS,
    clock_by_hand=st.booleans(),
    hostname=st.none() | st.text(),
    nameservers=st.lists(st.ip_addresses(v=4), max_size=2).map(tuple),
    interface=st.none() | INTERFACES,
    bonds=st.lists(BONDS, max_size=1).map(tuple),
    ssh=st.none() | st.booleans(),
    unreadable=TEXTS,
    fallback_hostname=st.none() | st.text(),
    nics=TEXTS,
)
INSTALLED = st.builds(
    InstalledHost,
    product=NAMES,
    root_label=st.text(),
    storage=st.none() | STORAGE,
    settings=SETTINGS,
    guests=st.lists(GUESTS, max_size=2).map(tuple),
    iqn=st.text(),
    refused=st.text(),
    unfinished=st.booleans(),
    mode=st.sampled_from(Mode),
)
BACKUPS = st.builds(Backup, product=NAMES, hostname=st.text(), refused=st.text(), hint=st.text())
