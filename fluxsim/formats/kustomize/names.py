"""`namePrefix`, `nameSuffix` and the hashes of generated names.

Source: kustomize api v0.21.1 internal/builtins/{Prefix,Suffix,Hash}Transformer.go, hasher/hasher.go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fluxsim.formats.gojson import compact
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.fieldspecs import FieldSpecs, WalkError, set_field, wrong_kind
from fluxsim.formats.kustomize.identity import Gvk
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.kustomize.scalars import text_of, unspelled
from fluxsim.formats.kustomize.steps import Step
from fluxsim.formats.tree import Json

_UNTOUCHED = (
    Gvk(kind="CustomResourceDefinition"),
    Gvk(group="apiregistration.k8s.io", kind="APIService"),
    Gvk(kind="Namespace"),
)


def affix_step(specs: FieldSpecs, *, prefix: str = "", suffix: str = "") -> Step:
    """Return the transformer that puts text before or after names."""

    def affixed(value: Json) -> Json:
        if isinstance(value, dict | list):
            raise WalkError(wrong_kind("ScalarNode", value))
        return f"{prefix}{text_of(value)}{suffix}"

    def run(objects: Collection) -> None:
        for resource in objects:
            original = resource.original
            if any(original.gvk.selected_by(gvk) for gvk in _UNTOUCHED):
                continue
            for spec in specs.of(original.gvk):
                if spec.path == "metadata/name":
                    _remember(resource, prefix, suffix)
                if resource.gvk.selected_by(spec.gvk):
                    set_field(resource, spec, affixed, "text")

    return Step("PrefixTransformer" if prefix else "SuffixTransformer", run)


def _remember(resource: Resource, prefix: str, suffix: str) -> None:
    if prefix:
        resource.prefixes.append(prefix)
    if suffix:
        resource.suffixes.append(suffix)
    if prefix or suffix:
        resource.remember()


def add_hashes(objects: Collection) -> None:
    """Append its content's hash to the name of each generated object that wants one."""
    for resource in objects:
        if resource.needs_hash:
            suffix = content_hash(resource.tree)
            resource.remember()
            resource.set_name(f"{resource.name}-{suffix}")


_LETTERS = str.maketrans("013ae", "ghkmt")


def content_hash(tree: Mapping[str, Json]) -> str:
    """Return the hash of a ConfigMap or Secret: ten letters and digits that spell no words.

    The name is always hashed as empty: upstream looks it up under a key with a slash in it.
    """
    kind = text_of(tree.get("kind"))
    hashed: dict[str, Json] = {"kind": kind, "name": "", "data": _hashed(tree, "data")}
    optional = "binaryData" if kind == "ConfigMap" else "stringData"
    if kind == "Secret":
        hashed["type"] = _hashed(tree, "type")
    if isinstance(tree.get(optional), dict):
        hashed[optional] = _hashed(tree, optional)
    return hashlib.sha256(compact(hashed).encode("utf-8", "surrogatepass")).hexdigest()[:10].translate(_LETTERS)


def _hashed(tree: Mapping[str, Json], field: str) -> Json:
    value = tree.get(field)
    if isinstance(value, dict):
        return {key: unspelled(item) for key, item in value.items()}
    return text_of(value)
