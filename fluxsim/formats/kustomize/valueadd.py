"""ValueAddTransformer: a value put into fields, or inserted into the file paths that they hold.

Source: kustomize api v0.21.1 internal/builtins/ValueAddTransformer.go, filters/valueadd; kyaml filesys/util.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any, NamedTuple

from fluxsim.formats import goyaml
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fields import INT, TEXT, FieldError, ListOf, Struct
from fluxsim.formats.kustomize.fieldspecs import FieldSpecs, split_path, wrong_kind
from fluxsim.formats.kustomize.files import Root
from fluxsim.formats.kustomize.kustomization import Selector
from fluxsim.formats.kustomize.kustomizationfile import SELECTOR
from fluxsim.formats.kustomize.namespaces import set_namespace
from fluxsim.formats.kustomize.scalars import text_of
from fluxsim.formats.kustomize.steps import Step
from fluxsim.formats.tree import Json


class Place(NamedTuple):
    """Where the value goes; a position from 1 on means a place in a file path."""

    selector: Selector | None = None
    field_path: str = ""
    file_path_position: int = 0


_TARGETS = ListOf(Struct("Target", Place, {"selector": SELECTOR, "fieldPath": TEXT, "filePathPosition": INT}))
VALUE_ADD = {"value": TEXT, "targets": _TARGETS, "targetFilePath": TEXT}
_TARGET_FILE: Struct[tuple[Place, ...]] = Struct("", lambda targets=(): targets, {"targets": _TARGETS}).lenient()


def value_add_step(settings: Mapping[str, Any], root: Root) -> Step:
    """Return the transformer; without a value it adds the name of the kustomization's directory. Raises KustomizeError."""
    value = settings.get("value", "").strip() or posixpath.basename(str(root))
    targets: tuple[Place, ...] = (*settings.get("targets", ()), *_from_file(settings.get("target_file_path", ""), root))
    if not targets:
        raise KustomizeError("must specify at least one target")
    for target in targets:
        if not target.field_path:
            raise KustomizeError("fieldPath cannot be empty")
        if target.file_path_position < 0:
            raise KustomizeError(f"value of FilePathPosition ({target.file_path_position}) cannot be negative")

    def run(objects: Collection) -> None:
        for target in targets:
            selected = objects.resources if target.selector is None else objects.select(target.selector)
            for resource in selected:
                if target.field_path == "metadata/namespace":
                    set_namespace(resource, value, FieldSpecs(), unset_only=False, subjects="defaultOnly")
                else:
                    _add(resource.tree, split_path(target.field_path, "/"), value, target.file_path_position)

    return Step("ValueAddTransformer", run)


def _from_file(path: str, root: Root) -> tuple[Place, ...]:
    if not path:
        return ()
    try:
        return _TARGET_FILE.read(goyaml.load(root.load(path), dialect="yaml1.1"))
    except (goyaml.YamlError, FieldError) as error:
        raise KustomizeError(str(error)) from error


def _add(tree: Json, steps: tuple[str, ...], value: str, position: int) -> None:
    for step in steps[:-1]:
        if not isinstance(tree, dict):
            raise KustomizeError(wrong_kind("MappingNode", tree))
        tree = tree.setdefault(step, {})
    if not isinstance(tree, dict):
        raise KustomizeError(wrong_kind("MappingNode", tree))
    old = tree.get(steps[-1], "")
    if isinstance(old, dict | list):
        raise KustomizeError(wrong_kind("ScalarNode", old))
    tree[steps[-1]] = inserted(text_of(old), position - 1, value) if position > 0 else value


def inserted(path: str, position: int, part: str) -> str:
    """Return a file path with a part put in at a position; an absolute path stays absolute."""
    parts = [piece for piece in path.split("/") if piece]
    absolute = path.startswith("/")
    parts.insert(min(position, len(parts)), part)
    return ("/" if absolute else "") + "/".join(parts)
