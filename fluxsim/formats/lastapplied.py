"""The bridge from `kubectl apply` to `kubectl apply --server-side`: the last-applied annotation.

For the manager `kubectl` the API server forgives conflicts on fields that the annotation explains, and writes the
annotation anew as long as there is one.
Source: k8s.io/apimachinery (2026-07) pkg/util/managedfields/internal/{lastappliedmanager,lastappliedupdater,lastapplied}.go.
"""

from __future__ import annotations

import json

from fluxsim.formats.fieldset import difference, path_text, paths
from fluxsim.formats.gojson import compact
from fluxsim.formats.listtypes import Type
from fluxsim.formats.tree import Json, evolve, get, without
from fluxsim.formats.typedcheck import problem
from fluxsim.formats.typedcompare import compared
from fluxsim.formats.typedtree import field_set

MANAGER = "kubectl"
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
ANNOTATION_BYTES_MAX = 256 * 1024
"""All annotations of an object together; a longer one is dropped instead of written."""

_PATH = ("metadata", "annotations", ANNOTATION)


def forgiven(live: Json, type_: Type) -> frozenset[str]:
    """Return the fields (`.spec.replicas`) that client-side apply set and that still have the value it set."""
    try:
        last = json.loads(get(live, *_PATH) or "null")
    except ValueError:
        return frozenset()
    if not isinstance(last, dict) or last.get("apiVersion") != live.get("apiVersion") or problem(last, type_):
        return frozenset()
    fields = field_set(last, type_)
    for changed in compared(last, without(live, ("metadata", "managedFields")), type_):
        fields = difference(fields, changed)
    return frozenset(path_text(path) for path in paths(fields))


def rewritten(applied: Json, config: Json) -> Json:
    """Return the object with its annotation, if it has one, saying what was applied now."""
    if not get(applied, *_PATH):
        return applied
    text = compact(without(config, _PATH)) + "\n"
    annotations: dict[str, str] = applied["metadata"]["annotations"]
    size = sum(len(name) + len(value.encode()) for name, value in annotations.items() if name != ANNOTATION)
    if size + len(ANNOTATION) + len(text.encode()) > ANNOTATION_BYTES_MAX:
        return without(applied, _PATH)
    return evolve(applied, _PATH, text)
