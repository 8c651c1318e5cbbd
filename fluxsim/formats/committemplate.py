"""The commit messages of an ImageUpdateAutomation: a Go template over what was changed.

    rendered(template, automation, values, changes)   the message, or CommitTemplateFault

Source: image-automation-controller v1.2.1 internal/source/source.go, internal/update/result.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from fluxsim.formats.gojson import Fields
from fluxsim.formats.gotemplate.errors import ExecutionFault, ParseFault
from fluxsim.formats.gotemplate.template import Template
from fluxsim.formats.gotemplate.values import Function, GoMap, GoSlice, Struct
from fluxsim.formats.kyaml_changes import Change, FileChange, ObjectIdentifier

DEFAULT_MESSAGE = "Update from image update automation"
TEMPLATE_NAME = "commit message"
_SEE = "See: https://fluxcd.io/flux/components/image/imageupdateautomations/#message-template"


class CommitTemplateFault(ValueError):
    """The template cannot be parsed or run: Ready False, GitOperationFailed, tried again with backoff."""


class RemovedTemplateField(CommitTemplateFault):
    """The template uses a field that Flux no longer has: Stalled, RemovedTemplateField, until the spec changes."""


_REMOVED = {
    "can't evaluate field Updated in type source.TemplateData": (".Updated", "'.Changed'"),
    "can't evaluate field ImageResult in type update.Result": (
        ".Changed.ImageResult",
        "'.Changed.FileChanges' or '.Changed.Objects'",
    ),
}


def rendered(
    template: str, *, namespace: str, name: str, values: Mapping[str, str] | None, changes: Sequence[FileChange]
) -> str:
    """Return the message exactly as it is committed; an empty template stands for the default message.

    `changes` in the order in which they were made. `.Changed.Changes` keeps this order; in Flux it differs from
    run to run across objects, and is the same within one.
    """
    try:
        parsed = _parsed(template or DEFAULT_MESSAGE)
    except ParseFault as error:
        raise CommitTemplateFault(f"unable to create commit message template from spec: {error}") from error
    try:
        return parsed.execute(_template_data(namespace, name, values or {}, changes))
    except ExecutionFault as error:
        for sign, (removed, instead) in _REMOVED.items():
            if sign in str(error):
                message = f"template uses removed '{removed}' field. Please use {instead} instead. {_SEE}"
                raise RemovedTemplateField(message) from error
        raise CommitTemplateFault(f"failed to run template from spec: {error}") from error


@lru_cache(maxsize=64)
def _parsed(template: str) -> Template:
    return Template(TEMPLATE_NAME, template)


def _template_data(namespace: str, name: str, values: Mapping[str, str], changes: Sequence[FileChange]) -> Struct:
    fields = {
        "AutomationObject": _namespaced_name(namespace, name),
        "Changed": _result(changes),
        "Values": GoMap(values),
    }
    return Struct("source.TemplateData", fields, json=Fields(fields))


def _namespaced_name(namespace: str, name: str) -> Struct:
    text = f"{namespace}/{name}"
    fields = {"Namespace": namespace, "Name": name}
    return Struct(
        "types.NamespacedName", fields, methods={"String": Function(lambda: text)}, text=text, json=Fields(fields)
    )


def _result(changes: Sequence[FileChange]) -> Struct:
    by_file: dict[str, list[FileChange]] = {}
    for change in changes:
        by_file.setdefault(change.file, []).append(change)
    files = GoMap(
        {file: _object_changes(made) for file, made in by_file.items()},
        element="update.ObjectChanges",
        zero=_object_changes(()),
    )
    distinct = list(dict.fromkeys(change.change for change in changes))
    return Struct(
        "update.Result",
        {"FileChanges": files},
        methods={
            "Changes": Function(lambda: GoSlice(map(_change, distinct), "update.Change")),
            "Objects": Function(lambda: _object_changes(changes)),
        },
        json={"FileChanges": files},
    )


def _object_changes(changes: Sequence[FileChange]) -> GoMap:
    by_object: dict[ObjectIdentifier, list[Change]] = {}
    for change in changes:
        by_object.setdefault(change.object, []).append(change.change)
    return GoMap(
        {_object(key): GoSlice(map(_change, made), "update.Change") for key, made in by_object.items()},
        key="update.ObjectIdentifier",
        element="[]update.Change",
        zero=GoSlice((), "update.Change"),
        type_name="update.ObjectChanges",
    )


def _object(identifier: ObjectIdentifier) -> Struct:
    api_version, kind, name, namespace = identifier
    type_meta = Struct("yaml.TypeMeta", {"APIVersion": api_version, "Kind": kind})
    name_meta = Struct("yaml.NameMeta", {"Name": name, "Namespace": namespace})
    embedded = {"TypeMeta": type_meta, "NameMeta": name_meta}
    resource = Struct("yaml.ResourceIdentifier", embedded, embedded=("TypeMeta", "NameMeta"))
    written = {"apiVersion": api_version, "kind": kind, "name": name, "namespace": namespace}
    return Struct(
        "update.ObjectIdentifier",
        {"ResourceIdentifier": resource},
        embedded=("ResourceIdentifier",),
        json=Fields({key: value for key, value in written.items() if value}),
    )


def _change(change: Change) -> Struct:
    fields = {"OldValue": change.old_value, "NewValue": change.new_value, "Setter": change.setter}
    return Struct("update.Change", fields, json=Fields(fields))
