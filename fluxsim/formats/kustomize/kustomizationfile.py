"""Reading a kustomization file, and what kustomize does to it before it builds.

The file is YAML 1.1 and goes through JSON into Go structs, so `newTag: 1.10` is a number and refused.
Source: kustomize api v0.21.1 types/{kustomization,replacement,patch,image,labels,var}.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, TypeVar

from fluxsim.formats import goyaml
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fields import (
    BOOL,
    GVK,
    INT,
    INT64,
    MAP,
    TEXT,
    TEXTS,
    Embedded,
    FieldError,
    ListOf,
    Scalar,
    Struct,
    argument_name,
)
from fluxsim.formats.kustomize.fieldspecs import FIELD_SPEC
from fluxsim.formats.kustomize.kustomization import (
    COMPONENT,
    FieldOptions,
    FieldReference,
    Generator,
    GeneratorOptions,
    HelmSettings,
    Image,
    Kustomization,
    Label,
    LegacySortOptions,
    ObjectMeta,
    ObjectReference,
    Patch,
    PatchOptions,
    Replacement,
    Replica,
    Selector,
    SortOptions,
    Source,
    Target,
    Var,
)

API_VERSION = "kustomize.config.k8s.io/v1beta1"
COMPONENT_API_VERSION = "kustomize.config.k8s.io/v1alpha1"

Item = TypeVar("Item")
_NO_CONTENT = frozenset({"kind", "api_version", "warnings"})

_IDENTITY = {
    **{name: Embedded("ResId.Gvk", TEXT) for name in ("group", "version", "kind")},
    **{name: Embedded("ResId", TEXT) for name in ("name", "namespace")},
}
SELECTOR = Struct("Selector", Selector, {**_IDENTITY, "labelSelector": TEXT, "annotationSelector": TEXT})
PATCH_OPTIONS = Struct("PatchArgs", PatchOptions, {"allowNameChange": BOOL, "allowKindChange": BOOL})
PATCH = Struct("Patch", Patch, {"path": TEXT, "patch": TEXT, "target": SELECTOR, "options": PATCH_OPTIONS})
IMAGE = Struct("Image", Image, dict.fromkeys(("name", "newName", "tagSuffix", "newTag", "digest"), TEXT))
REPLICA = Struct("Replica", Replica, {"name": TEXT, "count": INT64})
LABEL = Struct(
    "Label",
    Label,
    {"pairs": MAP, "includeSelectors": BOOL, "includeTemplates": BOOL, "fields": ListOf(FIELD_SPEC)},
)
FIELD_OPTIONS = Struct(
    "FieldOptions", FieldOptions, {"delimiter": TEXT, "index": INT, "encoding": TEXT, "create": BOOL}
)
SOURCE = Struct("SourceSelector", Source, {**_IDENTITY, "fieldPath": TEXT, "options": FIELD_OPTIONS})
TARGET = Struct(
    "TargetSelector",
    Target,
    {"select": SELECTOR, "reject": ListOf(SELECTOR), "fieldPaths": TEXTS, "options": FIELD_OPTIONS},
)
_REPLACEMENT: dict[str, Any] = {"source": SOURCE, "targets": ListOf(TARGET), "sourceValue": TEXT}
REPLACEMENT = Struct(
    "ReplacementField",
    Replacement,
    {**{name: Embedded("Replacement", kind) for name, kind in _REPLACEMENT.items()}, "path": TEXT},
)
REPLACEMENT_FILE = Struct("Replacement", Replacement, _REPLACEMENT).lenient()
GENERATOR_OPTIONS = Struct(
    "GeneratorOptions",
    GeneratorOptions,
    {"labels": MAP, "annotations": MAP, "disableNameSuffixHash": BOOL, "immutable": BOOL},
)
_GENERATOR = {
    **{name: Embedded("GeneratorArgs", TEXT) for name in ("name", "namespace", "behavior")},
    **{name: Embedded("GeneratorArgs.KvPairSources", TEXTS) for name in ("literals", "files", "envs")},
    "env": Embedded("GeneratorArgs.KvPairSources", TEXT),
    "options": Embedded("GeneratorArgs", GENERATOR_OPTIONS),
}
CONFIG_MAP = Struct("ConfigMapArgs", Generator, _GENERATOR)
SECRET = Struct("SecretArgs", Generator, {**_GENERATOR, "type": TEXT})
VAR = Struct(
    "Var",
    Var,
    {
        "name": TEXT,
        "objref": Struct("Target", ObjectReference, {"apiVersion": TEXT, **GVK, "name": TEXT, "namespace": TEXT}),
        "fieldref": Struct("FieldSelector", FieldReference, {"fieldPath": TEXT}),
    },
)
SORT_OPTIONS = Struct(
    "SortOptions",
    SortOptions,
    {
        "order": Scalar("types.SortOrder", str),
        "legacySortOptions": Struct("LegacySortOptions", LegacySortOptions, {"orderFirst": TEXTS, "orderLast": TEXTS}),
    },
)
META = Struct("ObjectMeta", ObjectMeta, {"name": TEXT, "namespace": TEXT, "labels": MAP, "annotations": MAP})
_ANY_MAP = Scalar("map[string]interface {}", dict)
_CHART = {
    **dict.fromkeys(
        (
            "name", "version", "repo", "releaseName", "namespace", "valuesFile", "valuesMerge", "kubeVersion",
            "nameTemplate",
        ),
        TEXT,
    ),
    **dict.fromkeys(("includeCRDs", "skipHooks", "skipTests", "debug", "devel"), BOOL),
    **dict.fromkeys(("additionalValuesFiles", "apiVersions"), TEXTS),
    "valuesInline": _ANY_MAP,
}  # fmt: skip
_OLD_CHART = {
    **dict.fromkeys(
        (
            "chartName", "chartVersion", "chartRepoUrl", "chartHome", "chartRepoName", "helmBin", "helmHome", "values",
            "valuesMerge", "releaseName", "releaseNamespace",
        ),
        TEXT,
    ),
    "extraArgs": TEXTS,
    "valuesLocal": _ANY_MAP,
}  # fmt: skip


def _helm(go_name: str, known: Mapping[str, Any]) -> Struct[HelmSettings]:
    names = {argument_name(name): name for name in known}
    return Struct(
        go_name, lambda **given: HelmSettings({names[argument]: value for argument, value in given.items()}), known
    )


KUSTOMIZATION = Struct(
    "Kustomization",
    Kustomization,
    {
        "kind": Embedded("TypeMeta", TEXT), "apiVersion": Embedded("TypeMeta", TEXT), "metadata": META, "openapi": MAP, "namePrefix": TEXT, "nameSuffix": TEXT,
        "namespace": TEXT, "commonLabels": MAP, "labels": ListOf(LABEL), "commonAnnotations": MAP,
        "patchesStrategicMerge": ListOf(Scalar("types.PatchStrategicMerge", str)), "patchesJson6902": ListOf(PATCH),
        "patches": ListOf(PATCH), "images": ListOf(IMAGE), "imageTags": ListOf(IMAGE),
        "replacements": ListOf(REPLACEMENT), "replicas": ListOf(REPLICA), "vars": ListOf(VAR),
        "sortOptions": SORT_OPTIONS, "resources": TEXTS, "components": TEXTS, "crds": TEXTS, "bases": TEXTS,
        "configMapGenerator": ListOf(CONFIG_MAP), "secretGenerator": ListOf(SECRET), "helmGlobals": _helm("HelmGlobals", {"chartHome": TEXT, "configHome": TEXT}),
        "helmCharts": ListOf(_helm("HelmChart", _CHART)),
        "helmChartInflationGenerator": ListOf(_helm("HelmChartArgs", _OLD_CHART)),
        "generatorOptions": GENERATOR_OPTIONS, "configurations": TEXTS, "generators": TEXTS, "transformers": TEXTS,
        "validators": TEXTS, "buildMetadata": TEXTS,
    },
)  # fmt: skip


@lru_cache(maxsize=512)
def read_kustomization(data: bytes) -> Kustomization:
    """Return the kustomization in a file, ready to build. Raises KustomizeError."""
    try:
        kustomization = KUSTOMIZATION.read(goyaml.load(data, dialect="yaml1.1"))
    except goyaml.YamlError as error:
        raise KustomizeError(f"invalid Kustomization: {error}") from error
    except FieldError as error:
        raise KustomizeError(f"invalid Kustomization: {error}") from error
    return fixed(kustomization)


def fixed(kustomization: Kustomization) -> Kustomization:
    """Fill in kind and apiVersion and move old fields to new ones. Raises KustomizeError when there is nothing in it."""
    kind = kustomization.kind or "Kustomization"
    required = COMPONENT_API_VERSION if kind == COMPONENT else API_VERSION
    result = replace(
        kustomization,
        kind=kind,
        api_version=kustomization.api_version or required,
        warnings=tuple(_deprecations(kustomization)),
        resources=_joined(kustomization.resources, kustomization.bases),
        bases=None,
        images=_joined(kustomization.images, kustomization.image_tags),
        image_tags=None,
        config_map_generator=_environments(kustomization.config_map_generator),
        secret_generator=_environments(kustomization.secret_generator),
    )
    told = (getattr(result, field.name) for field in fields(result) if field.name not in _NO_CONTENT)
    if all(value is None or value == "" for value in told):
        raise KustomizeError("kustomization.yaml is empty")
    return result


def field_problems(kustomization: Kustomization) -> list[str]:
    """Say what is wrong with kind and apiVersion."""
    kind = kustomization.kind
    problems: list[str] = []
    if kind not in {"Kustomization", COMPONENT}:
        problems.append(f"kind should be Kustomization or {COMPONENT}")
    required = COMPONENT_API_VERSION if kind == COMPONENT else API_VERSION
    if kustomization.api_version != required:
        problems.append(f"apiVersion for {kind} should be {required}")
    return problems


def _joined(first: tuple[Item, ...] | None, second: tuple[Item, ...] | None) -> tuple[Item, ...] | None:
    if not second:
        return first
    return (*(first or ()), *second)


def _environments(generators: tuple[Generator, ...] | None) -> tuple[Generator, ...] | None:
    if generators is None or not any(generator.env for generator in generators):
        return generators
    return tuple(
        replace(generator, envs=(*generator.envs, generator.env), env="") if generator.env else generator
        for generator in generators
    )


_EDIT_FIX = "Run 'kustomize edit fix' to update your Kustomization automatically."
_DEPRECATED = (
    ("bases", "bases", "resources", _EDIT_FIX),
    ("common_labels", "commonLabels", "labels", _EDIT_FIX),
    ("image_tags", "imageTags", "images", _EDIT_FIX),
    ("patches_json6902", "patchesJson6902", "patches", _EDIT_FIX),
    ("patches_strategic_merge", "patchesStrategicMerge", "patches", _EDIT_FIX),
    ("vars", "vars", "replacements", f"[EXPERIMENTAL] {_EDIT_FIX}"),
)


def _deprecations(kustomization: Kustomization) -> list[str]:
    return [
        f"# Warning: '{name}' is deprecated. Please use '{instead}' instead. {advice}"
        for attribute, name, instead, advice in _DEPRECATED
        if getattr(kustomization, attribute) is not None
    ]
