"""A kustomization.yaml as it looks after it went through kustomize's Go structs, which is how Flux reads and writes it.

Fields that the structs do not have are lost, and so are empty ones; kustomize itself would have refused an unknown
field. Source: kustomize api v0.21.1 types/; sigs.k8s.io/yaml v1.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fluxsim.formats.gotext import float_text
from fluxsim.formats.tree import Json

API_VERSION = "kustomize.config.k8s.io/v1beta1"

Scalar: TypeAlias = Literal["string", "bool", "int", "int64", "any"]


@dataclass(frozen=True, slots=True)
class _Struct:
    """A Go struct. `always` are fields that are written even when empty; `by_value` holds for the struct itself."""

    name: str
    fields: Mapping[str, _Type]
    always: tuple[str, ...] = ()
    by_value: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class _List:
    of: _Type


@dataclass(frozen=True, slots=True)
class _MapOf:
    of: Scalar


_Type: TypeAlias = "Scalar | _Struct | _List | _MapOf"


class KustomizationFileError(ValueError):
    """The file does not fit the structs, or a spec cannot be laid over it; the message is Flux's."""


def read(document: Json) -> dict[str, Json]:
    """Return the fields of the struct that a parsed file fills; apiVersion and kind have defaults.

    Raises KustomizationFileError.
    """
    if document is None:
        document = {}
    if not isinstance(document, Mapping):
        raise _mismatch(document, "", "", "types.Kustomization")
    found = _fields(document, _KUSTOMIZATION, ())
    return {"apiVersion": API_VERSION, "kind": "Kustomization"} | found


def _fields(value: Mapping[str, Json], struct: _Struct, path: tuple[str, ...]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, type_ in struct.fields.items():
        if value.get(key) is not None:
            read_ = _read(value[key], type_, struct, (*path, key))
            if read_ not in ("", False, 0, [], {}) or key in struct.always or _kept_empty(type_):
                found[key] = read_
        elif key in struct.always:
            found[key] = None if isinstance(type_, _Struct) else _zero(type_)
        elif isinstance(type_, _Struct) and type_.by_value:
            found[key] = _fields({}, type_, (*path, key))
    return found


def _read(value: Json, type_: _Type, struct: _Struct, path: tuple[str, ...]) -> Json:
    if isinstance(type_, _Struct):
        if not isinstance(value, Mapping):
            raise _mismatch(value, struct.name, ".".join(path), f"types.{type_.name}")
        return _fields(value, type_, path)
    if isinstance(type_, _List):
        if not isinstance(value, list):
            raise _mismatch(value, struct.name, ".".join(path), _go_name(type_))
        return [_read(item, type_.of, struct, path) if item is not None else _zero(type_.of) for item in value]
    if isinstance(type_, _MapOf):
        if not isinstance(value, Mapping):
            raise _mismatch(value, struct.name, ".".join(path), _go_name(type_))
        return {
            key: _read(item, type_.of, struct, (*path, key)) if item is not None else _zero(type_.of)
            for key, item in value.items()
        }
    return _scalar(value, type_, struct, path)


def _scalar(value: Json, type_: Scalar, struct: _Struct, path: tuple[str, ...]) -> Json:
    """The YAML reader turns a number or a truth value into text where the struct wants text: `newTag: 6.10` is 6.1."""
    if type_ == "any":
        return value
    if type_ == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if type_ == "string" and isinstance(value, int | float):
        return str(value) if isinstance(value, int) else float_text(value)
    wanted = {"string": str, "bool": bool, "int": int, "int64": int}[type_]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise _mismatch(value, struct.name, ".".join(path), type_)
    return value


def _zero(type_: _Type) -> Json:
    if isinstance(type_, _Struct):
        return _fields({}, type_, ())
    if isinstance(type_, str):
        return {"string": "", "bool": False, "int": 0, "int64": 0, "any": None}[type_]
    return None


def _kept_empty(type_: _Type) -> bool:
    """A pointer to an empty struct is not empty for Go."""
    return isinstance(type_, _Struct)


def _go_name(type_: _Type) -> str:
    if isinstance(type_, _Struct):
        return f"types.{type_.name}"
    if isinstance(type_, _List):
        return f"[]{_go_name(type_.of)}"
    if isinstance(type_, _MapOf):
        return f"map[string]{_go_name(type_.of)}"
    return "interface {}" if type_ == "any" else type_


def _mismatch(value: Json, struct: str, path: str, wanted: str) -> KustomizationFileError:
    if isinstance(value, bool):
        got = "bool"
    elif isinstance(value, int | float):
        got = f"number {value}" if wanted in ("int", "int64") else "number"
    else:
        got = "string" if isinstance(value, str) else "object" if isinstance(value, Mapping) else "array"
    target = f"Go struct field {struct}.{path} of type {wanted}" if path else f"Go value of type {wanted}"
    return KustomizationFileError(
        f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {got} into {target}"
    )


_TEXTS = _List("string")
_LABELS = _MapOf("string")
_GVK: dict[str, _Type] = {"group": "string", "version": "string", "kind": "string"}
_RESOURCE_ID: dict[str, _Type] = {**_GVK, "name": "string", "namespace": "string"}
_SELECTOR = _Struct("Selector", {**_RESOURCE_ID, "annotationSelector": "string", "labelSelector": "string"})
SELECTOR_FIELDS = tuple(_SELECTOR.fields)
_PATCH = _Struct(
    "Patch",
    {
        "path": "string",
        "patch": "string",
        "target": _SELECTOR,
        "options": _Struct("PatchArgs", {"allowNameChange": "bool", "allowKindChange": "bool"}),
    },
)
_IMAGE = _Struct("Image", dict.fromkeys(("name", "newName", "tagSuffix", "newTag", "digest"), "string"))
_GENERATOR_OPTIONS = _Struct(
    "GeneratorOptions",
    {"labels": _LABELS, "annotations": _LABELS, "disableNameSuffixHash": "bool", "immutable": "bool"},
)
_GENERATOR: dict[str, _Type] = {
    "namespace": "string",
    "name": "string",
    "behavior": "string",
    "literals": _TEXTS,
    "files": _TEXTS,
    "envs": _TEXTS,
    "env": "string",
    "options": _GENERATOR_OPTIONS,
}
_FIELD_SPEC = _Struct("FieldSpec", {**_GVK, "path": "string", "create": "bool"})
_FIELD_OPTIONS = _Struct(
    "FieldOptions", {"delimiter": "string", "index": "int", "encoding": "string", "create": "bool"}
)
_REPLACEMENT = _Struct(
    "ReplacementField",
    {
        "source": _Struct("SourceSelector", {**_RESOURCE_ID, "fieldPath": "string", "options": _FIELD_OPTIONS}),
        "targets": _List(
            _Struct(
                "TargetSelector",
                {
                    "select": _SELECTOR,
                    "reject": _List(_SELECTOR),
                    "fieldPaths": _TEXTS,
                    "options": _FIELD_OPTIONS,
                },
                ("select",),
            )
        ),
        "sourceValue": "string",
        "path": "string",
    },
)
_VAR = _Struct(
    "Var",
    {
        "name": "string",
        "objref": _Struct(
            "Target",
            {"apiVersion": "string", **_GVK, "name": "string", "namespace": "string"},
            ("name",),
            by_value=True,
        ),
        "fieldref": _Struct("FieldSelector", {"fieldPath": "string"}, by_value=True),
    },
    ("name",),
)
_HELM_CHART = _Struct(
    "HelmChart",
    {
        **dict.fromkeys(
            ("name", "version", "repo", "releaseName", "namespace", "valuesFile", "valuesMerge", "kubeVersion"),
            "string",
        ),
        "nameTemplate": "string",
        "additionalValuesFiles": _TEXTS,
        "apiVersions": _TEXTS,
        "valuesInline": _MapOf("any"),
        **dict.fromkeys(("includeCRDs", "skipHooks", "skipTests", "debug", "devel"), "bool"),
    },
)
_HELM_INFLATION = _Struct(
    "HelmChartArgs",
    {
        **dict.fromkeys(("chartName", "chartVersion", "chartRepoUrl", "chartHome", "chartRepoName"), "string"),
        **dict.fromkeys(("helmBin", "helmHome", "values", "valuesMerge", "releaseName", "releaseNamespace"), "string"),
        "valuesLocal": _MapOf("any"),
        "extraArgs": _TEXTS,
    },
)
_KUSTOMIZATION = _Struct(
    "Kustomization",
    {
        "apiVersion": "string",
        "kind": "string",
        "metadata": _Struct(
            "ObjectMeta", {"name": "string", "namespace": "string", "labels": _LABELS, "annotations": _LABELS}
        ),
        "openapi": _LABELS,
        "namePrefix": "string",
        "nameSuffix": "string",
        "namespace": "string",
        "commonLabels": _LABELS,
        "labels": _List(
            _Struct(
                "Label",
                {
                    "pairs": _LABELS,
                    "includeSelectors": "bool",
                    "includeTemplates": "bool",
                    "fields": _List(_FIELD_SPEC),
                },
            )
        ),
        "commonAnnotations": _LABELS,
        "patchesStrategicMerge": _TEXTS,
        "patchesJson6902": _List(_PATCH),
        "patches": _List(_PATCH),
        "images": _List(_IMAGE),
        "imageTags": _List(_IMAGE),
        "replacements": _List(_REPLACEMENT),
        "replicas": _List(_Struct("Replica", {"name": "string", "count": "int64"}, ("count",))),
        "vars": _List(_VAR),
        "sortOptions": _Struct(
            "SortOptions",
            {
                "order": "string",
                "legacySortOptions": _Struct(
                    "LegacySortOptions", {"orderFirst": _TEXTS, "orderLast": _TEXTS}, ("orderFirst", "orderLast")
                ),
            },
        ),
        **dict.fromkeys(("resources", "components", "crds", "bases"), _TEXTS),
        "configMapGenerator": _List(_Struct("ConfigMapArgs", _GENERATOR)),
        "secretGenerator": _List(_Struct("SecretArgs", {**_GENERATOR, "type": "string"})),
        "helmGlobals": _Struct("HelmGlobals", {"chartHome": "string", "configHome": "string"}),
        "helmCharts": _List(_HELM_CHART),
        "helmChartInflationGenerator": _List(_HELM_INFLATION),
        "generatorOptions": _GENERATOR_OPTIONS,
        **dict.fromkeys(("configurations", "generators", "transformers", "validators", "buildMetadata"), _TEXTS),
    },
)
