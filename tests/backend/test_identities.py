"""What every installation is given at random has the form that others rely on."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from backend.identities import new_identities


def test_labels_and_names_end_in_eight_lower_case_letters() -> None:
    made = [new_identities(2) for _ in range(20)]
    assert all(re.fullmatch(r"root-[a-z]{8}", identities.root_label) for identities in made)
    assert all(re.fullmatch(r"xenserver-[a-z]{8}", identities.hostname) for identities in made)
    assert len({identities.root_label for identities in made} | {identities.hostname for identities in made}) == 40


def test_label_fits_a_file_system() -> None:
    assert len(new_identities(1).root_label) <= 16  # s_volume_name of ext2 to 4


def test_time_is_utc() -> None:
    text = new_identities(1).installed_at
    made = datetime.strptime(text, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - made) < timedelta(seconds=10)
