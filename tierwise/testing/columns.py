"""NumPy integers into the Arrow columns of made data, without a Python object per value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tierwise.testing.draws import Flags, Ints

EPOCH = date(1970, 1, 1)
DAY = 86_400
_CHUNK = 8_000_000
_FOUR_DIGITS = np.frombuffer("".join(f"{i:04d}" for i in range(10_000)).encode(), dtype="<u4")


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def _validity(valid: Flags | None) -> pa.Buffer | None:
    return None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))


def text_of(matrix: NDArray[np.uint8], valid: Flags | None = None) -> pa.ChunkedArray:
    """Rows of ASCII bytes, all of one width, as text; null where not `valid`."""
    chunks = []
    width = matrix.shape[1]
    for start in range(0, max(1, len(matrix)), _CHUNK):
        part = np.ascontiguousarray(matrix[start : start + _CHUNK])
        offsets = np.arange(0, (len(part) + 1) * width, width, dtype=np.int32)[: len(part) + 1]
        mask = _validity(None if valid is None else valid[start : start + _CHUNK])
        chunks.append(pa.Array.from_buffers(pa.string(), len(part), [mask, pa.py_buffer(offsets), pa.py_buffer(part)]))
    return pa.chunked_array(chunks, type=pa.string())


def digits(numbers: Ints, width: int) -> NDArray[np.uint8]:
    """Decimal digits, one byte each, with leading zeros; `numbers` must be under 10**width."""
    groups = (width + 3) // 4
    matrix = np.empty((len(numbers), groups), dtype="<u4")
    rest = numbers
    for place in range(groups - 1, -1, -1):
        above = rest // 10_000
        matrix[:, place] = _FOUR_DIGITS[rest - above * 10_000]
        rest = above
    return matrix.view(np.uint8).reshape(len(numbers), groups * 4)[:, groups * 4 - width :]


def serial(prefix: str, numbers: Ints, width: int, valid: Flags | None = None) -> pa.ChunkedArray:
    """Text ids such as C0000017: a prefix and `width` digits; null where not `valid`."""
    head = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    known = numbers if valid is None else np.where(valid, numbers, 0)
    matrix = np.empty((len(numbers), len(head) + width), dtype=np.uint8)
    matrix[:, : len(head)] = head
    matrix[:, len(head) :] = digits(known, width)
    return text_of(matrix, valid)


def decimals(units: Ints, scale: int, valid: Flags | None = None) -> pa.Array:
    """Whole numbers of 10**-scale as decimal128(18, scale)."""
    wide = np.empty((len(units), 2), dtype="<i8")
    wide[:, 0] = units
    wide[:, 1] = units >> 63
    return pa.Array.from_buffers(pa.decimal128(18, scale), len(units), [_validity(valid), pa.py_buffer(wide)])


def money(minor: Ints, valid: Flags | None = None) -> pa.Array:
    """Minor units as decimals of the currency unit with two places."""
    return decimals(minor, 2, valid)


def whole(numbers: NDArray[np.integer] | Flags, valid: Flags | None = None) -> pa.Array:
    """Whole numbers (or flags as 0 and 1) as int32."""
    plain = np.ascontiguousarray(numbers, dtype=np.int32)
    return pa.Array.from_buffers(pa.int32(), len(plain), [_validity(valid), pa.py_buffer(plain)])


def days(numbers: Ints, valid: Flags | None = None) -> pa.Array:
    """Day numbers as dates."""
    plain = np.ascontiguousarray(numbers, dtype=np.int32)
    return pa.Array.from_buffers(pa.date32(), len(plain), [_validity(valid), pa.py_buffer(plain)])


def moments(seconds: Ints, valid: Flags | None = None) -> pa.Array:
    """Seconds since 1970-01-01 local time as naive timestamps."""
    plain = np.ascontiguousarray(seconds, dtype=np.int64)
    return pa.Array.from_buffers(pa.timestamp("s"), len(plain), [_validity(valid), pa.py_buffer(plain)])


def words(index: NDArray[np.integer], names: Sequence[str | None], valid: Flags | None = None) -> pa.Array:
    """names[index] as text; null where not `valid`."""
    at = np.asarray(index) if valid is None else np.where(valid, index, 0)
    taken = pa.array(names, type=pa.string()).take(pa.array(at))
    if valid is None:
        return taken
    return pc.if_else(pa.array(valid), taken, pa.scalar(None, pa.string()))


def half_up(value: Ints, divisor: int) -> Ints:
    """value / divisor rounded half up, for value not negative."""
    return (2 * value + divisor) // (2 * divisor)


def stable_order(keys: Ints) -> Ints:
    """The places of `keys` in rising order, ties as they stand: NumPy's stable argsort, several times as fast.

    Key and place are packed into one integer where both fit, so that a plain sort will do.
    """
    count = len(keys)
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    lowest, place_bits = int(keys.min()), count.bit_length()
    if (int(keys.max()) - lowest).bit_length() + place_bits > 63:
        return np.argsort(keys, kind="stable")
    packed = ((keys - lowest) << place_bits) | np.arange(count, dtype=np.int64)
    packed.sort()
    return packed & ((1 << place_bits) - 1)


def ranges(counts: Ints) -> Ints:
    """0..c-1 for every count c, one after another: [2, 3] gives [0, 1, 0, 1, 2]."""
    starts = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)


def scatter(count: int) -> Ints:
    """A fixed, even shuffle of 0..count-1, so that neighbours in one list are strangers in the other."""
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    step = max(1, count * 618 // 1000)
    while np.gcd(step, count) != 1:
        step += 1
    return (np.arange(count, dtype=np.int64) * step + count // 3) % count
