"""FarmHash's 64-bit fingerprint, by which Keras, by way of TensorFlow, puts texts into buckets.

In Python's integers: it runs once for each text that is different. Source: Pike and Alakuijala,
"FarmHash", 2014, its function Fingerprint64; the names below are those of the published code.
"""

from __future__ import annotations

__all__ = ["fingerprint64"]

_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_MASK = 2**64 - 1


def fingerprint64(data: bytes) -> int:
    """Return the fingerprint, from 0 to 2**64 - 1.

    Examples
    --------
    >>> fingerprint64(b"") == 0x9AE16A3B2F90404F
    True
    """
    if len(data) <= 16:
        return _up_to_16(data)
    return _up_to_64(data) if len(data) <= 64 else _longer(data)


def _fetch(data: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _rotate(value: int, by: int) -> int:
    value &= _MASK
    return (value >> by | value << (64 - by)) & _MASK


def _shift_mix(value: int) -> int:
    value &= _MASK
    return value ^ value >> 47


def _hash16(u: int, v: int, mul: int) -> int:
    a = _shift_mix((u ^ v) * mul)
    return _shift_mix((v ^ a) * mul) * mul & _MASK


def _up_to_16(s: bytes) -> int:
    n = len(s)
    mul = _K2 + 2 * n
    if n >= 8:
        a, b = _fetch(s, 0) + _K2, _fetch(s, n - 8)
        return _hash16((_rotate(b, 37) * mul + a) & _MASK, (_rotate(a, 25) + b) * mul & _MASK, mul)
    if n >= 4:
        return _hash16(n + (_fetch(s, 0, 4) << 3), _fetch(s, n - 4, 4), mul)
    if n > 0:
        y, z = s[0] + (s[n >> 1] << 8), n + (s[-1] << 2)
        return _shift_mix(y * _K2 ^ z * _K0) * _K2 & _MASK
    return _K2


def _up_to_64(s: bytes) -> int:
    n = len(s)
    mul = _K2 + 2 * n
    a, b = _fetch(s, 0) * (_K1 if n <= 32 else _K2), _fetch(s, 8)
    c, d = _fetch(s, n - 8) * mul, _fetch(s, n - 16) * _K2
    y = (_rotate(a + b, 43) + _rotate(c, 30) + d) & _MASK
    z = _hash16(y, (a + _rotate(b + _K2, 18) + c) & _MASK, mul)
    if n <= 32:
        return z
    e, f = _fetch(s, 16) * mul, _fetch(s, 24)
    g, h = (y + _fetch(s, n - 32)) * mul, (z + _fetch(s, n - 24)) * mul
    u = (_rotate(e + f, 43) + _rotate(g, 30) + h) & _MASK
    return _hash16(u, (e + _rotate(f + a, 18) + g) & _MASK, mul)


def _longer(s: bytes) -> int:
    n = len(s)
    x, y = 81, 81 * _K1 + 113 & _MASK
    z = _shift_mix(y * _K2 + 113) * _K2 & _MASK
    x = x * _K2 + _fetch(s, 0)
    v, w = (0, 0), (0, 0)

    def step(at: int, mul: int, last: int = 1) -> None:
        nonlocal x, y, z, v, w
        x = _rotate(x + y + v[0] + _fetch(s, at + 8), 37) * mul & _MASK
        y = _rotate(y + v[1] + _fetch(s, at + 48), 42) * mul & _MASK
        x ^= w[1] * last & _MASK
        y += v[0] * last + _fetch(s, at + 40)
        z = _rotate(z + w[0], 33) * mul
        v = _weak32(s, at, v[1] * mul, x + w[0])
        w = _weak32(s, at + 32, z + w[1], y + _fetch(s, at + 16))
        x, z = z & _MASK, x

    end = (n - 1) // 64 * 64
    for at in range(0, end, 64):
        step(at, _K1)
    mul = _K1 + ((z & 0xFF) << 1)
    w = (w[0] + (n - 1 & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    step(n - 64, mul, 9)
    first = _hash16(v[0] & _MASK, w[0] & _MASK, mul) + _shift_mix(y) * _K0 + z
    return _hash16(first & _MASK, (_hash16(v[1] & _MASK, w[1] & _MASK, mul) + x) & _MASK, mul)


def _weak32(s: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_fetch(s, at + 8 * i) for i in range(4))
    a += w
    b = _rotate(b + a + z, 21)
    total = a + x + y
    return (total + z) & _MASK, (b + _rotate(total, 44) + a) & _MASK
