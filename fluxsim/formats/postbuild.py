"""spec.postBuild of a Kustomization: variables put into each built object.

Source: fluxcd/pkg kustomize v1.35.4 kustomize_varsub.go; kustomize kyaml v0.21.1 yaml/rnode.go (UnmarshalJSON).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from fluxsim.formats import goyaml, goyaml_write
from fluxsim.formats.envsubst import EnvsubstError, substituted
from fluxsim.formats.tree import Json, get

Lookup: TypeAlias = Callable[[str, str, str], Mapping[str, Json] | None]
"""Takes kind (ConfigMap or Secret), namespace and name; returns the object of the cluster, None if there is none."""

SUBSTITUTE_KEY = "kustomize.toolkit.fluxcd.io/substitute"
_NAME = re.compile(r"[_A-Za-z][_A-Za-z0-9]*")
_NAME_RULE = "^[_[:alpha:]][_[:alpha:][:digit:]]*$"
_EXACT_MAX = 1 << 53


class PostBuildError(ValueError):
    """The substitution fails for an object; the message is Flux's, without the name of the object."""


class PostBuild:
    """The substitution that a Kustomization asks for. Variables are looked up with the first object that needs them."""

    def __init__(self, kustomization: Mapping[str, Json], lookup: Lookup, *, strict: bool) -> None:
        self._spec: Mapping[str, Json] = get(kustomization, "spec", "postBuild") or {}
        self._namespace: str = get(kustomization, "metadata", "namespace", default="")
        self._lookup = lookup
        self._strict = strict
        self._variables: dict[str, str] | None = None

    def applied(self, object_: Mapping[str, Json]) -> Json:
        """Return the object after substitution, or itself when substitution is disabled on it.

        The object passes through YAML text, so a value that looks like a number becomes one.
        Raises PostBuildError.
        """
        if _disabled(object_):
            return object_
        if self._variables is None:
            self._variables = self._loaded()
        if not self._variables and self._spec.get("substituteStrategy") != "Always":
            return object_
        for name in sorted(self._variables):
            if not _NAME.fullmatch(name):
                raise PostBuildError(f"envsubst error: '{name}' var name is invalid, must match '{_NAME_RULE}'")
        if not any("$" in text for text in _texts(object_)):
            return _through_float64(object_)
        return _through_float64(self._expanded(goyaml_write.dump(object_)))

    def _expanded(self, text: str) -> Mapping[str, Json]:
        try:
            expanded = substituted(text, self._variables or {}, strict=self._strict)
        except EnvsubstError as error:
            raise PostBuildError(f"envsubst error: variable substitution failed: {error}") from error
        try:
            found = goyaml.load(expanded.encode("utf-8", "surrogateescape"), dialect="yaml1.1")
        except goyaml.YamlError as error:
            raise PostBuildError(f"envsubst error: YAMLToJSON: {error}") from error
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            got = "bool" if isinstance(found, bool) else "number" if isinstance(found, int | float) else None
            got = got or ("string" if isinstance(found, str) else "array")
            raise PostBuildError(
                f"UnmarshalJSON: json: cannot unmarshal {got} into Go value of type map[string]interface {{}}"
            )
        return found

    def _loaded(self) -> dict[str, str]:
        """Later references win, inline values win over all; line ends fall away."""
        found: dict[str, str] = {}
        for reference in self._spec.get("substituteFrom") or []:
            kind, name = reference["kind"], reference["name"]
            if kind not in ("ConfigMap", "Secret"):
                continue
            object_ = self._lookup(kind, self._namespace, name)
            if object_ is None:
                if reference.get("optional"):
                    continue
                resource = "configmaps" if kind == "ConfigMap" else "secrets"
                raise PostBuildError(f"substitute from '{kind}/{name}' error: {resource} \"{name}\" not found")
            for key, value in (object_.get("data") or {}).items():
                found[key] = _text_of(value) if kind == "Secret" else value
        found.update(self._spec.get("substitute") or {})
        return {key: value.replace("\n", "") for key, value in found.items()}


def _disabled(object_: Mapping[str, Json]) -> bool:
    return any(get(object_, "metadata", where, SUBSTITUTE_KEY) == "disabled" for where in ("labels", "annotations"))


def _text_of(value: str) -> str:
    return base64.b64decode(value).decode("utf-8", "surrogateescape")


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _through_float64(value: Json) -> Json:
    """Go reads the substituted object's numbers as float64: a whole number beyond 2^53 loses its last digits."""
    if isinstance(value, Mapping):
        return {key: _through_float64(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_through_float64(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT_MAX:
        return int(Decimal(repr(float(value))))
    return value
