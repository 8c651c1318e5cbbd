"""Identities that depend on the seed and on a name, and on nothing else."""

from __future__ import annotations

import hashlib


def digits(name: str, length: int) -> str:
    """Return so many decimal digits that depend on the name alone: what Go would draw for a temporary directory."""
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest(), "big")
    return f"{number % 10**length:0{length}d}"


def uid(seed: int | str, name: str) -> str:
    """Return a UUID (version 4 in form) for the name: the same in every process, another under another seed."""
    digits = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).hexdigest()
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) % 4]}{digits[17:20]}-{digits[20:]}"
    )
