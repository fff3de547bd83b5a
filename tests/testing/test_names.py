from __future__ import annotations

import numpy as np

from tierwise.testing.draws import Draws
from tierwise.testing.names import FEMALE, MALE, genders, person_names, phones


def test_phones_are_all_different_and_of_the_made_up_block():
    numbers = {bytes(row).decode() for row in phones(5_000)}
    assert len(numbers) == 5_000
    assert all(number.startswith("1990000") and len(number) == 11 for number in numbers)


def test_names_are_a_surname_and_one_or_two_characters():
    names = person_names(Draws(1, "names"), np.full(500, FEMALE, dtype=np.int32)).to_pylist()
    assert {len(name) for name in names} <= {2, 3, 4}
    assert len(set(names)) > 300
    assert "伟" not in "".join(names)


def test_gender_shares():
    drawn = genders(Draws(1, "genders"), 10_000, 600, 100)
    assert 5_200 < int((drawn == FEMALE).sum()) < 5_600
    assert 3_400 < int((drawn == MALE).sum()) < 3_800
