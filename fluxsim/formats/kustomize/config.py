"""Where the built-in transformers act: the default field specs, and `configurations:` merged over them.

Source: kustomize api v0.21.1 internal/plugins/builtinconfig/*.go, internal/konfig/builtinpluginconsts/*.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from fluxsim.formats import goyaml
from fluxsim.formats.kustomize.defaultspecs import (
    COMMON_ANNOTATIONS,
    COMMON_LABELS,
    IMAGES,
    NAME_REFERENCES,
    NAMES,
    NAMESPACES,
    REPLICAS,
    TEMPLATE_LABELS,
    VAR_REFERENCES,
)
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fields import GVK, FieldError, ListOf, Struct
from fluxsim.formats.kustomize.fieldspecs import FIELD_SPEC, FieldSpec, FieldSpecs
from fluxsim.formats.kustomize.identity import Gvk, gvk_order


class NameReferences:
    """Which fields of which objects hold the names of objects of other kinds. Immutable."""

    __slots__ = ("_by_gvk", "rules")

    def __init__(self, rules: Iterable[tuple[Gvk, FieldSpecs]] = ()) -> None:
        self.rules: tuple[tuple[Gvk, FieldSpecs], ...] = tuple(rules)
        self._by_gvk: dict[Gvk, tuple[tuple[Gvk, FieldSpec], ...]] = {}

    def of(self, referrer: Gvk) -> tuple[tuple[Gvk, FieldSpec], ...]:
        """Return (kind referred to, field) for objects of one kind, in the order in which kustomize tries them."""
        found = self._by_gvk.get(referrer)
        if found is None:
            found = self._by_gvk[referrer] = tuple(
                (target, spec) for target, specs in self.rules for spec in specs.of(referrer)
            )
        return found

    def merged(self, others: NameReferences) -> NameReferences:
        rules = list(self.rules)
        for gvk, specs in others.rules:
            known = [at for at, (other, _) in enumerate(rules) if other == gvk]
            for at in known:
                rules[at] = (gvk, rules[at][1].merged(specs.specs))
            if not known:
                rules.append((gvk, specs))
        return NameReferences(rules)


NO_SPECS = FieldSpecs()
NO_REFERENCES = NameReferences()


@dataclass(frozen=True, slots=True)
class TransformerConfig:
    """The field specs of every built-in transformer."""

    name_prefix: FieldSpecs = NO_SPECS
    name_suffix: FieldSpecs = NO_SPECS
    namespace: FieldSpecs = NO_SPECS
    common_labels: FieldSpecs = NO_SPECS
    labels: FieldSpecs = NO_SPECS
    template_labels: FieldSpecs = NO_SPECS
    common_annotations: FieldSpecs = NO_SPECS
    name_reference: NameReferences = NO_REFERENCES
    var_reference: FieldSpecs = NO_SPECS
    images: FieldSpecs = NO_SPECS
    replicas: FieldSpecs = NO_SPECS

    def merged(self, other: TransformerConfig) -> TransformerConfig:
        """Return both together. Raises KustomizeError where they disagree on `create`."""
        if other is self or other is EMPTY:
            return self
        if self is EMPTY and other is DEFAULT:
            return other
        # Even an empty list is merged into: on the way a spec for all kinds goes when there is one for a kind.
        values = {
            field.name: _merged(getattr(self, field.name), getattr(other, field.name), field.name)
            for field in fields(self)
        }
        return _sorted(TransformerConfig(**values))


_GO_NAMES = {"namespace": "NameSpace"}


def _merged(ours: Any, others: Any, name: str) -> Any:
    try:
        return ours.merged(others) if isinstance(ours, NameReferences) else ours.merged(others.specs)
    except KustomizeError as error:
        go_name = _GO_NAMES.get(name) or "".join(part.capitalize() for part in name.split("_"))
        raise error.within(f"failed to merge {go_name} fieldSpec") from error


def _sorted(config: TransformerConfig) -> TransformerConfig:
    """Sort by kind, the order in which fields are visited."""
    values: dict[str, Any] = {}
    for field in fields(config):
        value: FieldSpecs | NameReferences = getattr(config, field.name)
        if isinstance(value, NameReferences):
            values[field.name] = NameReferences(sorted(value.rules, key=lambda rule: gvk_order(rule[0])))
        else:
            values[field.name] = FieldSpecs(sorted(value.specs, key=lambda spec: gvk_order(spec.gvk)))
    return TransformerConfig(**values)


EMPTY = TransformerConfig()
DEFAULT = _sorted(
    TransformerConfig(
        name_prefix=FieldSpecs(NAMES),
        name_suffix=FieldSpecs(NAMES),
        namespace=FieldSpecs(NAMESPACES),
        common_labels=FieldSpecs(COMMON_LABELS),
        template_labels=FieldSpecs(TEMPLATE_LABELS),
        common_annotations=FieldSpecs(COMMON_ANNOTATIONS),
        name_reference=NameReferences((gvk, FieldSpecs(specs)) for gvk, specs in NAME_REFERENCES),
        var_reference=FieldSpecs(VAR_REFERENCES),
        images=FieldSpecs(IMAGES),
        replicas=FieldSpecs(REPLICAS),
    )
)

_SPECS = ListOf(FIELD_SPEC)


def _of_file(**arguments: Any) -> TransformerConfig:
    rules = arguments.pop("name_reference", ())
    return _sorted(
        TransformerConfig(
            name_reference=NameReferences(rules),
            **{name: FieldSpecs(specs) for name, specs in arguments.items()},
        )
    )


_RULE = Struct(
    "NameBackReferences",
    lambda group="", version="", kind="", field_specs=(): (Gvk(group, version, kind), FieldSpecs(field_specs)),
    {**GVK, "fieldSpecs": _SPECS},
)
_CONFIG = Struct(
    "TransformerConfig",
    _of_file,
    {
        "namePrefix": _SPECS, "nameSuffix": _SPECS, "namespace": _SPECS, "commonLabels": _SPECS, "labels": _SPECS,
        "templateLabels": _SPECS, "commonAnnotations": _SPECS, "nameReference": ListOf(_RULE), "varReference": _SPECS,
        "images": _SPECS, "replicas": _SPECS,
    },
).lenient(strict=True)  # fmt: skip


@lru_cache(maxsize=64)
def read_config(data: bytes) -> TransformerConfig:
    """Return what a file named under `configurations:` says. Raises KustomizeError."""
    try:
        return _CONFIG.read(goyaml.load(data, dialect="yaml1.1", strict=True))
    except goyaml.YamlError as error:
        raise KustomizeError(f"error converting YAML to JSON: {error}") from error
    except FieldError as error:
        raise KustomizeError(f"error unmarshaling JSON: while decoding JSON: {error}") from error
