"""Cars: who bought which when, how fast they are driven, their VINs and plates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tierwise.testing.columns import digits, scatter, text_of, words
from tierwise.testing.dealer.catalogue import MODELS
from tierwise.testing.dealer.people import OUTSIDER, OWNER, People
from tierwise.testing.draws import Draws, Flags, Ints
from tierwise.testing.names import CITIES

_AGE_DAYS = ((0, 1), (130, 100), (300, 300), (520, 700), (720, 1250), (900, 2100), (1000, 3200))
_METRES_PER_DAY = ((0, 9_000), (100, 18_000), (500, 34_000), (850, 58_000), (980, 95_000), (1000, 180_000))

_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_VIN_VALUES = {
    **{str(digit): digit for digit in range(10)},
    **dict(zip(_VIN_LETTERS, [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9], strict=True)),
}
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_PLATE_SIGNS = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Vehicles:
    """One place per car. owner: who had it first here; delivered: day number; bought_here: sold by the group."""

    owner: Ints
    model: NDArray[np.int32]
    delivered: Ints
    metres_per_day: Ints
    bought_here: Flags
    first_kilometres: Ints

    def __len__(self) -> int:
        return len(self.owner)

    def kilometres(self, car: Ints, day: Ints) -> Ints:
        """What the odometer of each car shows on a day."""
        return self.first_kilometres[car] + (day - self.delivered[car]) * self.metres_per_day[car] // 1000


def make_vehicles(seed: int, people: People, as_of_day: int) -> Vehicles:
    """Owners have one car, some two; companies two to six; outsiders brought one from elsewhere."""
    draws = Draws(seed, "dealer vehicles")
    customers = len(people)
    cars = np.where(people.company, 2 + draws.below(customers, 5), 1 + draws.pick(customers, (93, 6, 1)))
    cars = np.where(people.kind == OWNER, cars, np.where(people.kind == OUTSIDER, 1, 0))
    owner = np.repeat(np.arange(customers, dtype=np.int64), cars)
    count = len(owner)
    return Vehicles(
        owner=owner,
        model=draws.pick(count, [model.weight for model in MODELS]),
        delivered=as_of_day - draws.curve(count, _AGE_DAYS),
        metres_per_day=draws.curve(count, _METRES_PER_DAY),
        bought_here=people.kind[owner] == OWNER,
        first_kilometres=draws.between(count, 6, 60),
    )


def vins(model: NDArray[np.int32], delivered: Ints) -> NDArray[np.uint8]:
    """Seventeen characters with a right check digit (ISO 3779); the maker's code L0T belongs to nobody."""
    count = len(model)
    matrix = np.empty((count, 17), dtype=np.uint8)
    matrix[:, :3] = np.frombuffer(b"L0T", dtype=np.uint8)
    matrix[:, 3] = np.frombuffer(b"ABCDEFGHJK", dtype=np.uint8)[model]
    matrix[:, 4:8] = np.frombuffer(b"4S60", dtype=np.uint8)
    years = np.frombuffer(b"ABCDEFGHJKLMNPRSTVWXY123456789", dtype=np.uint8)
    matrix[:, 9] = years[(delivered // 365 + 1970 - 2010) % 30]
    rest = scatter(count)
    matrix[:, 11:] = digits(rest % 1_000_000, 6)
    matrix[:, 10] = np.frombuffer(b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ", dtype=np.uint8)[rest // 1_000_000]
    values = np.zeros(256, dtype=np.int64)
    for sign, value in _VIN_VALUES.items():
        values[ord(sign)] = value
    total = np.zeros(count, dtype=np.int64)
    for place, weight in enumerate(_VIN_WEIGHTS):
        if place != 8:
            total += values[matrix[:, place]] * weight
    matrix[:, 8] = np.frombuffer(b"0123456789X", dtype=np.uint8)[total % 11]
    return matrix


def plates(city: Ints, electric: Flags) -> pa.Array:
    """Number plates, no two alike: five signs after the region and Z for fuel, and Z and D for new energy.

    The letter Z keeps them apart from the plates that cars of the region carry.
    """
    count = len(city)
    signs = np.empty((count, 5), dtype=np.uint8)
    rest = scatter(count)
    for place in range(4, -1, -1):
        signs[:, place] = _PLATE_SIGNS[rest % 34]
        rest = rest // 34
    heads = [f"{region}Z" for _, region in CITIES]
    head = words(city + len(CITIES) * electric, [*heads, *(f"{head}D" for head in heads)])
    return pc.binary_join_element_wise(head, text_of(signs).combine_chunks(), "")
