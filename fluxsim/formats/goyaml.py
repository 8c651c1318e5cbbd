"""YAML as Go programs read it: libyaml's events with go-yaml's scalars, anchors, merge keys and error texts.

Two dialects, since kustomize itself uses two. `resource` is kyaml on go-yaml v3: manifests and patches in a build.
`yaml1.1` is sigs.k8s.io/yaml on go-yaml v2: kustomization files, post-build text, kubectl's and Flux's other input.
Both give the JSON tree that comes out at the far end: whole floats are integers, times are strings, NaN is a float.
Keys keep the order of the file. An alias is a copy, so a tree has no shared parts.

Bounds: SIZE_MAX characters, DEPTH_MAX levels, and go-yaml's ratio of aliased to plain nodes.
Source: go-yaml v3.0.4 and v2.4.2 decode.go, kyaml v0.21 kio/byteio_reader.go and yaml/rnode.go (`deAnchor`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from fluxsim.formats.goyaml_errors import RepeatedKey, YamlError, syntax_error
from fluxsim.formats.goyaml_reader import DEPTH_MAX, document_tree
from fluxsim.formats.goyaml_scalars import Dialect
from fluxsim.formats.tree import Json

__all__ = ["DEPTH_MAX", "SIZE_MAX", "Dialect", "RepeatedKey", "YamlError", "load", "load_all"]

SIZE_MAX = 16 * 1024 * 1024


def load_all(text: str | bytes, *, dialect: Dialect, strict: bool | None = None) -> list[Json]:
    """Return the documents of a stream; one that is empty or only comments is None.

    Documents are cut at lines that begin with `---`, as kyaml and apimachinery do before they parse.
    `strict` refuses a key that stands twice in a map; by default resources are strict and yaml1.1 is not
    (there the last one wins).
    """
    return [tree for tree, _line in load_with_lines(text, dialect=dialect, strict=strict)]


def load_with_lines(text: str | bytes, *, dialect: Dialect, strict: bool | None = None) -> list[tuple[Json, int]]:
    """Return the documents of a stream, each with the 1-based line on which its text begins."""
    whole = decoded(text)
    documents: list[tuple[Json, int]] = []
    for chunk, line in chunks(whole, dialect):
        documents.append((_first_document(chunk, dialect, line - 1, strict=strict), line))
    return documents


def load(text: str | bytes, *, dialect: Dialect, strict: bool | None = None) -> Json:
    """Return the first document of a text, None when there is none; what follows is not even parsed."""
    return _first_document(decoded(text), dialect, 0, strict=strict)


def decoded(text: str | bytes) -> str:
    """Return the text without byte order mark; bytes that are no UTF-8, and texts over SIZE_MAX, are refused."""
    if len(text) > SIZE_MAX:
        raise YamlError(f"yaml: document is larger than {SIZE_MAX} bytes", whole_file=True)
    characters = text if isinstance(text, str) else _from_utf8(text)
    return characters.removeprefix("\ufeff")


def _from_utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise YamlError(_utf8_problem(data, error), line=line, whole_file=True) from error


def _utf8_problem(data: bytes, error: UnicodeDecodeError) -> str:
    if error.reason == "invalid start byte":
        return "yaml: invalid leading UTF-8 octet"
    if error.reason == "unexpected end of data":
        return "yaml: incomplete UTF-8 octet sequence"
    return "yaml: invalid trailing UTF-8 octet" if data[error.start] >= 0xC2 else "yaml: invalid leading UTF-8 octet"


_KYAML_SEPARATOR = re.compile(r"\n---(.*)\n")
_APIMACHINERY_SEPARATOR = re.compile(r"\n---.*(?:\n|\Z)")


def chunks(text: str, dialect: Dialect) -> Iterator[tuple[str, int]]:
    """Cut a text into documents as Go does before it parses; each with the 1-based line on which it begins."""
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if "\n---" not in text:
        yield text, 1
        return
    start, line = 0, 1
    separator = _KYAML_SEPARATOR if dialect == "resource" else _APIMACHINERY_SEPARATOR
    for match in separator.finditer(text):
        at = line + text.count("\n", start, match.start()) + 1
        rest = match[1].strip() if dialect == "resource" else ""
        if rest and not rest.startswith("#"):
            raise YamlError(
                f"invalid document separator: {match[0].strip()}", line=at, stage="anchors", whole_file=True
            )
        yield text[start : match.start()] + "\n", line
        start, line = match.end(), at + 1
    yield text[start:], line


def _first_document(text: str, dialect: Dialect, line_offset: int, *, strict: bool | None) -> Json:
    if not text or text.isspace():
        return None
    try:
        return document_tree(text, dialect, strict=(dialect == "resource") if strict is None else strict)
    except YamlError as error:
        if error.line:
            error.line += line_offset
        raise
    except MarkedYAMLError as error:
        raise syntax_error(text, error, dialect, line_offset) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 + line_offset
        raise YamlError(f"yaml: {error.reason}", line=line) from error
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1 + line_offset
        raise YamlError("yaml: invalid Unicode character", line=line) from error
