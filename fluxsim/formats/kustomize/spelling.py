"""Source texts for the scalars of parsed manifests, where the text says more than the value.

A second pass over the text, taken only when it holds a number or date that Go would write otherwise. Documents with
anchors go without: what is copied there is hardly ever such a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml._yaml import CParser

from fluxsim.formats.kustomize.scalars import spelled
from fluxsim.formats.tree import Json

_SUSPECT = re.compile(
    rb"(?m)[:\-\[,][ \t]+"
    rb"(?:[-+]?(?:0[0-7xXoObB_]|[0-9]+_|[0-9_]*\.[0-9_]*(?:0|[eE])|[0-9_]+\.|[0-9]+[eE]|\.)|\+[0-9]|[0-9]{4}-[0-9]+-)"
)
_ANCHORED = re.compile(rb"(?m)(?:[:\-\[,]|^)[ \t]*[&*]|<<")


def attach_spellings(data: bytes, documents: list[Json]) -> None:
    """Replace unusual numbers and dates in the documents by equal ones that carry the text of the file."""
    if not _SUSPECT.search(data) or _ANCHORED.search(data):
        return
    texts = _plain_texts(data)
    if len(texts) == len(documents):
        documents[:] = [_walked(tree, iter(plain)) for tree, plain in zip(documents, texts, strict=True)]


def _plain_texts(data: bytes) -> list[list[str | None]]:
    """Return for each document its scalars in order, None for one that is quoted or tagged; keys are scalars too."""
    documents: list[list[str | None]] = []
    parser = CParser(data)
    try:
        while True:
            event: Any = parser.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return documents
            if isinstance(event, yaml.DocumentStartEvent):
                documents.append([])
            elif isinstance(event, yaml.ScalarEvent):
                documents[-1].append(None if event.style or event.tag else event.value)
    except yaml.YAMLError:
        return []


def _walked(value: Json, texts: Iterator[str | None]) -> Json:
    if isinstance(value, dict):
        for key in value:
            next(texts, None)
            value[key] = _walked(value[key], texts)
        return value
    if isinstance(value, list):
        value[:] = [_walked(item, texts) for item in value]
        return value
    text = next(texts, None)
    return value if text is None else spelled(value, text)
