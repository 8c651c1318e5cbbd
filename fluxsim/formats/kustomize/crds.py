"""`crds:` field specs from OpenAPI definitions of custom resources.

Source: kustomize api v0.21.1 internal/accumulator/loadconfigfromcrds.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fluxsim.formats import goyaml
from fluxsim.formats.kustomize.config import EMPTY, NameReferences, TransformerConfig
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import FieldSpec, FieldSpecs
from fluxsim.formats.kustomize.identity import Gvk
from fluxsim.formats.tree import Json

DEPTH_MAX = 64


class _Found(NamedTuple):
    extension: str
    spec: FieldSpec
    target: Gvk = Gvk()


def config_of_crds(data: bytes, path: str) -> TransformerConfig:
    """Return the field specs that a file of definitions asks for. Raises KustomizeError."""
    try:
        document = json.loads(data) if data.startswith(b"{") else goyaml.load(data, dialect="yaml1.1")
    except (goyaml.YamlError, ValueError) as error:
        raise KustomizeError(f"unable to parse open API definition from '{path}': {error}") from error
    if not isinstance(document, Mapping):
        return EMPTY
    config = EMPTY
    for name in sorted(document):
        properties = _properties(document, name)
        if all(field in properties for field in ("kind", "apiVersion", "metadata")):
            gvk = Gvk(kind=name.rpartition(".")[2])
            for found in _walk(document, name, gvk, (), 0):
                config = config.merged(_config(found))
    return config


def _properties(document: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    definition = document.get(name)
    schema = definition.get("Schema", definition.get("schema")) if isinstance(definition, Mapping) else None
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _walk(document: Mapping[str, Json], name: str, gvk: Gvk, path: tuple[str, ...], depth: int) -> Iterator[_Found]:
    if depth > DEPTH_MAX:
        raise KustomizeError(f"definition '{name}' refers to itself")
    for field, schema in sorted(_properties(document, name).items()):
        if not isinstance(schema, Mapping):
            continue
        below = (*path, field)
        spec = FieldSpec(gvk, "/".join(below))
        for extension in ("x-kubernetes-annotation", "x-kubernetes-label-selector", "x-kubernetes-identity"):
            if isinstance(schema.get(extension), str):
                yield _Found(extension, spec)
        version = schema.get("x-kubernetes-object-ref-api-version")
        kind = schema.get("x-kubernetes-object-ref-kind")
        if isinstance(version, str) and isinstance(kind, str):
            key = schema.get("x-kubernetes-object-ref-name-key", "name")
            named = FieldSpec(gvk, "/".join((*below, str(key))))
            yield _Found("reference", named, Gvk("", version, kind))
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield from _walk(document, reference, gvk, below, depth + 1)


def _config(found: _Found) -> TransformerConfig:
    specs = FieldSpecs([found.spec])
    if found.extension == "x-kubernetes-annotation":
        return TransformerConfig(common_annotations=specs)
    if found.extension == "x-kubernetes-label-selector":
        return TransformerConfig(common_labels=specs)
    if found.extension == "x-kubernetes-identity":
        return TransformerConfig(name_prefix=specs)
    return TransformerConfig(name_reference=NameReferences([(found.target, specs)]))
