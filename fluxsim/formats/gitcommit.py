"""Git commits and annotated tags: their bytes, their ids, and what the bytes say.

Times are whole seconds since 1970 and always written in UTC, so the same content gives the same id everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fluxsim.formats.gittree import Sha


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes. What would break the line that Git keeps it in is left out of it."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{_one_line(self.name)} <{_one_line(self.email)}>"


class Signer(Protocol):
    def sign(self, payload: bytes) -> str:
        """Return the armoured signature of a commit's bytes."""
        ...


class BadCommit(ValueError):
    """Bytes that are no commit and no tag."""


class Commit:
    """A commit. Texts are read out of its bytes when asked for; bytes that are no UTF-8 show as U+FFFD."""

    __slots__ = ("parents", "raw", "sha", "tree")

    def __init__(self, raw: bytes, sha: Sha, tree: Sha, parents: tuple[Sha, ...]) -> None:
        self.raw = raw
        self.sha = sha
        self.tree = tree
        self.parents = parents

    @classmethod
    def parse(cls, raw: bytes) -> Commit:
        try:
            lines = raw[: raw.index(b"\n\n") + 1].split(b"\n")
            tree = bytes.fromhex(_value(lines[0], b"tree").decode())
            parents = tuple(bytes.fromhex(line[7:].decode()) for line in lines[1:] if line.startswith(b"parent "))
        except ValueError as error:
            raise BadCommit(f"no commit: {error}") from error
        return cls(raw, hashlib.sha1(b"commit %d\0" % len(raw) + raw).digest(), tree, parents)

    @classmethod
    def of(
        cls,
        tree: Sha,
        parents: Sequence[Sha],
        *,
        author: Author,
        when_s: int,
        message: str,
        committer: Author | None = None,
        committed_s: int | None = None,
        signer: Signer | None = None,
    ) -> Commit:
        """Return a new commit; the message is kept as it is. See `cleaned` for what `git commit` makes of one."""
        written = f"{author} {when_s} +0000"
        if committer is None and committed_s is None:
            committed = written
        else:
            committed = f"{committer or author} {when_s if committed_s is None else committed_s} +0000"
        above = "".join([f"parent {parent.hex()}\n" for parent in parents])
        head = f"tree {tree.hex()}\n{above}author {written}\ncommitter {committed}\n"
        raw = f"{head}\n{message}".encode()
        if signer is not None:
            signature = signer.sign(raw).rstrip("\n").replace("\n", "\n ")
            raw = f"{head}gpgsig {signature}\n\n{message}".encode()
        return cls(raw, hashlib.sha1(b"commit %d\0" % len(raw) + raw).digest(), tree, tuple(parents))

    @property
    def id(self) -> str:
        return self.sha.hex()

    @property
    def message(self) -> str:
        return self.raw.partition(b"\n\n")[2].decode("utf-8", "replace")

    @property
    def subject(self) -> str:
        """The first paragraph in one line, as `git log --format=%s` prints it."""
        return subject(self.message)

    @property
    def author(self) -> Author:
        return _signature(self.header("author"))[0]

    @property
    def authored_s(self) -> int:
        return _signature(self.header("author"))[1]

    @property
    def committer(self) -> Author:
        return _signature(self.header("committer"))[0]

    @property
    def committed_s(self) -> int:
        return _signature(self.header("committer"))[1]

    @property
    def signature(self) -> str:
        """The armoured signature, empty where there is none."""
        return self.header("gpgsig")

    @property
    def signed_payload(self) -> bytes:
        """The bytes that a signature is about: the commit without it."""
        head, blank, message = self.raw.partition(b"\n\n")
        kept: list[bytes] = []
        inside = False
        for line in head.split(b"\n"):
            inside = line.startswith(b"gpgsig ") or (inside and line.startswith(b" "))
            if not inside:
                kept.append(line)
        return b"\n".join(kept) + blank + message

    def header(self, name: str) -> str:
        """Return a header, its continued lines joined by line feeds; empty where it is absent."""
        head = b"\n" + self.raw.partition(b"\n\n")[0]
        start = head.find(b"\n%s " % name.encode())
        if start < 0:
            return ""
        lines = head[start + len(name) + 2 :].split(b"\n")
        value = [lines[0]]
        for line in lines[1:]:
            if not line.startswith(b" "):
                break
            value.append(line[1:])
        return b"\n".join(value).decode("utf-8", "replace")


class Tag:
    """An annotated tag: an object of its own that names another."""

    __slots__ = ("kind", "raw", "sha", "target")

    def __init__(self, raw: bytes, sha: Sha, target: Sha, kind: str) -> None:
        self.raw = raw
        self.sha = sha
        self.target = target
        self.kind = kind

    @classmethod
    def parse(cls, raw: bytes) -> Tag:
        try:
            lines = raw.split(b"\n", 2)
            target = bytes.fromhex(_value(lines[0], b"object").decode())
            kind = _value(lines[1], b"type").decode()
        except (ValueError, IndexError) as error:
            raise BadCommit(f"no tag: {error}") from error
        return cls(raw, hashlib.sha1(b"tag %d\0" % len(raw) + raw).digest(), target, kind)

    @classmethod
    def of(cls, name: str, target: Sha, *, tagger: Author, when_s: int, message: str, kind: str = "commit") -> Tag:
        raw = (
            f"object {target.hex()}\ntype {kind}\ntag {name}\ntagger {tagger} {when_s} +0000\n\n{cleaned(message)}"
        ).encode()
        return cls.parse(raw)

    @property
    def id(self) -> str:
        return self.sha.hex()


def cleaned(message: str) -> str:
    """Return the message as `git commit -m` stores it.

    No white space at the ends of lines, no blank lines around it, one between paragraphs, one line feed at the end
    (git 2.39, strbuf_stripspace).
    """
    lines: list[str] = []
    for line in message.split("\n"):
        line = line.rstrip(" \t\r\v\f")
        if line or (lines and lines[-1]):
            lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return "".join([f"{line}\n" for line in lines])


def subject(message: str) -> str:
    paragraph = message.lstrip("\n").partition("\n\n")[0]
    return " ".join(line.strip() for line in paragraph.split("\n")).strip()


def _value(line: bytes, name: bytes) -> bytes:
    key, space, value = line.partition(b" ")
    if key != name or not space:
        raise ValueError(f"'{name.decode()}' expected, got {line[:20]!r}")
    return value


def _signature(text: str) -> tuple[Author, int]:
    """Split `name <email> seconds zone`; what is missing is empty or 0, since old histories hold all sorts."""
    name, _, rest = text.partition("<")
    email, _, when = rest.rpartition(">")
    seconds = when.split()[0] if when.split() else "0"
    return Author(name.strip(), email), int(seconds) if seconds.lstrip("-").isdecimal() else 0


def _one_line(text: str) -> str:
    return text.translate(_BREAKS_THE_LINE).strip()


_BREAKS_THE_LINE = dict.fromkeys(map(ord, "<>\n\0"))
