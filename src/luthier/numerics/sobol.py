"""The Sobol sequence, any stretch of it at once, plain or Owen-scrambled.

Notation: point i is the XOR of the direction numbers picked by the bits of the Gray code of i, in
each dimension; m (32, 64) holds the m_k of Joe & Kuo 2008, whose direction number is m_k / 2^k.
Digits of points are kept in reversed order of bits while they are scrambled.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..typing import Array

_N_BITS = 32
_N_DIRECTIONS = 64  # dimensions with direction numbers of their own

# Primitive polynomial (all its coefficients as the bits of one integer) : initial direction numbers
# m_1, m_2, ... for dimensions 2 to 64; Joe & Kuo 2008, file new-joe-kuo-6.21201.
_JOE_KUO = """
3:1 7:1,3 11:1,3,1 13:1,1,1 19:1,1,3,3 25:1,3,5,13 37:1,1,5,5,17 41:1,1,5,5,5 47:1,1,7,11,19
55:1,1,5,1,1 59:1,1,1,3,11 61:1,3,5,5,31 67:1,3,3,9,7,49 91:1,1,1,15,21,21 97:1,3,1,13,27,49
103:1,1,1,15,7,5 109:1,3,1,15,13,25 115:1,1,5,5,19,61 131:1,3,7,11,23,15,103 137:1,3,7,13,13,15,69
143:1,1,3,13,7,35,63 145:1,3,5,9,1,25,53 157:1,3,1,13,9,35,107 167:1,3,1,5,27,61,31
171:1,1,5,11,19,41,61 185:1,3,5,3,3,13,69 191:1,1,7,13,1,19,1 193:1,3,7,5,13,19,59
203:1,1,3,9,25,29,41 211:1,3,5,13,23,1,55 213:1,3,7,3,13,59,17 229:1,3,1,3,5,53,69
239:1,1,5,5,23,33,13 241:1,1,7,7,1,61,123 247:1,1,7,9,13,61,49 253:1,3,3,5,3,55,33
285:1,3,1,15,31,13,49,245 299:1,3,5,15,31,59,63,97 301:1,3,1,11,11,11,77,249 333:1,3,1,11,27,43,71,9
351:1,1,7,15,21,11,81,45 355:1,3,7,3,25,31,65,79 357:1,3,1,1,19,11,3,205 361:1,1,5,9,19,21,29,157
369:1,3,7,11,1,33,89,185 391:1,3,3,3,15,9,79,71 397:1,3,7,11,15,39,119,27 425:1,1,3,1,11,31,97,225
451:1,1,1,3,23,43,57,177 463:1,3,7,7,17,17,37,71 487:1,3,1,5,27,63,123,213 501:1,1,3,5,11,43,53,133
529:1,3,5,5,29,17,47,173,479 539:1,3,3,11,3,1,109,9,69 545:1,1,1,5,17,39,23,5,343
557:1,3,1,5,25,15,31,103,499 563:1,1,1,11,11,17,63,105,183 601:1,1,5,11,9,29,97,231,363
607:1,1,5,15,19,45,41,7,383 617:1,3,7,7,31,19,83,137,221 623:1,1,1,3,23,15,111,223,83
631:1,1,5,13,31,15,55,25,161 637:1,1,3,13,25,47,39,87,257
"""

_BYTE_REVERSED = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)[:, ::-1], axis=1
).ravel()


def _reverse_bits(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Reverse the 32 bits of each element: each byte by a table, and the order of the bytes."""
    reversed_bytes = _BYTE_REVERSED[np.ascontiguousarray(x, dtype="<u4").view(np.uint8)]
    return reversed_bytes.view(">u4").astype(np.uint32)


@cache
def _direction_tables() -> NDArray[np.uint32]:
    """XOR (4, 256, 64) of the direction numbers picked by each value of each index byte.

    Bits are reversed. The recurrence is that of Sobol 1967, as in Bratley and Fox 1988. With the
    tables a point costs four look-ups, whatever its index.
    """
    # The m_k of each dimension; those of the first are all 1.
    m = np.ones((_N_BITS, _N_DIRECTIONS), dtype=np.uint32)
    for j, entry in enumerate(_JOE_KUO.split(), start=1):
        polynomial, initial = entry.split(":")
        column = [int(number) for number in initial.split(",")]
        degree = len(column)
        for k in range(degree, _N_BITS):
            number = column[k - degree]
            for i in range(1, degree + 1):
                if int(polynomial) >> (degree - i) & 1:
                    number ^= column[k - i] << i
            column.append(number)
        m[:, j] = column

    directions = _reverse_bits(m << np.arange(31, -1, -1, dtype=np.uint32)[:, None])
    tables = np.zeros((4, 256, _N_DIRECTIONS), dtype=np.uint32)
    for bit, direction in enumerate(directions):
        byte = bit // 8
        low = 1 << bit % 8
        tables[byte, low : 2 * low] = tables[byte, :low] ^ direction
    return tables


@lru_cache(maxsize=64)
def _hash_seeds(seed: int | None, d: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Words (d,) that scramble each dimension, and one for every 64 to shuffle their points."""
    n_blocks = d // _N_DIRECTIONS + 1
    words = np.random.SeedSequence(seed or 0).generate_state(d)
    shuffles = np.random.SeedSequence(seed or 0, spawn_key=(1,)).generate_state(n_blocks)
    return words.astype(np.uint32), shuffles.astype(np.uint32)


def _scramble(x: NDArray[np.uint32], seed: NDArray[np.uint32] | np.uint32) -> NDArray[np.uint32]:
    """Scramble bit-reversed digits in place, nested and uniform.

    Each bit is flipped by a hash of those below it.

    Source: Laine & Karras 2011, with the constants of Vegdahl, "Building a better LK hash" (2021).
    """
    x ^= x * 0x3D20ADEA
    x += seed
    x *= seed >> 16 | 1
    x ^= x * 0x05526C56
    x ^= x * 0x53A22864
    return x


def sobol(start: int, n: int, d: int, seed: int | None = None) -> Array:
    """Points `start` to `start + n - 1` of the Sobol sequence in d dimensions.

    They are in the order of the Gray code. Without a state: any stretch costs the same, and two
    stretches join up. Scrambling is hash-based and nested uniform (Owen 1995; Burley 2020,
    "Practical hash-based Owen scrambling", JCGT 9(4)): every aligned block of 2^k points keeps one
    point in each of the 2^k equal intervals of each axis. Beyond 64 dimensions the first 64 come
    again in an independently shuffled order (padding, Burley 2020), so that dimensions j and j + 64
    are independent but not stratified together.

    Args:
        start: Index of the first point, from 0.
        n: Number of points.
        d: Number of dimensions; dimension j is the same whatever d is.
        seed: Of the scrambling, at least 0; None leaves the sequence plain, its first point the
            origin.

    Returns:
        Points (n, d) in [0, 1), multiples of 2^-32.

    Raises:
        ValueError: A count is negative, d is 0, or the points go beyond the 2^32 of the sequence.
    """
    if start < 0 or n < 0 or d < 1 or start + n > 1 << _N_BITS:
        raise ValueError(
            f"expected start >= 0, n >= 0, d >= 1 and start + n <= 2**32, got {start=}, {n=}, {d=}"
        )
    index = (start + np.arange(n)).astype(np.uint32)
    index ^= index >> 1  # the Gray code

    tables = _direction_tables()
    scrambles, shuffles = _hash_seeds(seed, d)
    blocks = []
    for first in range(0, d, _N_DIRECTIONS):
        if first:
            order = _reverse_bits(_scramble(_reverse_bits(index), shuffles[first // _N_DIRECTIONS]))
        else:
            order = index

        width = min(d - first, _N_DIRECTIONS)
        digits = tables[0, order & 255, :width]
        for byte in (1, 2, 3):
            digits ^= tables[byte, order >> 8 * byte & 255, :width]
        if seed is not None:
            _scramble(digits, scrambles[first : first + width])
        blocks.append(_reverse_bits(digits) * 2.0**-_N_BITS)
    return np.hstack(blocks)
