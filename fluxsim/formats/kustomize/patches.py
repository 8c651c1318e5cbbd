"""Patches: `patches`, `patchesStrategicMerge` and `patchesJson6902`.

Source: kustomize api v0.21.1 internal/builtins/Patch*Transformer.go, resmap/reswrangler.go (`ApplySmPatch`),
resource/resource.go (`ApplySmPatch`, `CopyMergeMetaDataFieldsFrom`).
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.formats import goyaml, jsonpatch, kustomize_merge
from fluxsim.formats.gojson import compact, number_text
from fluxsim.formats.gotext import quoted
from fluxsim.formats.goyaml_write import dump
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError, LateError
from fluxsim.formats.kustomize.files import Root
from fluxsim.formats.kustomize.imageorigins import note_patch, snapshot
from fluxsim.formats.kustomize.kustomization import Patch, PatchOptions
from fluxsim.formats.kustomize.manifests import copied, resources_in, resources_in_file
from fluxsim.formats.kustomize.resource import BUILD_ANNOTATIONS, Resource
from fluxsim.formats.kustomize.scalars import UntypedKey, unspelled
from fluxsim.formats.kustomize.steps import Step, selector_settings
from fluxsim.formats.openapi import Schemas
from fluxsim.formats.tree import Json

_EXACT_MAX = 2**53


def patch_step(entry: Patch, root: Root, file: str, schemas: Schemas | None) -> Step:
    """Return the transformer for an entry of `patches`; `file` is the kustomization's path. Raises KustomizeError."""
    text, source, path = _patch_text(entry, root, file)
    merges, operations = _told_apart(text, source, path)
    options = entry.options or PatchOptions()

    def run(objects: Collection) -> None:
        if merges:
            if entry.target is None:
                _merge_each(objects, merges, options, schemas)
            else:
                _merge_into_selected(objects, entry, merges, source, options, schemas)
        elif operations:
            if entry.target is None:
                raise KustomizeError(f"must specify a target for JSON patch {source}")
            for resource in objects.select(entry.target):
                resource.remember()
                _apply_operations(resource, operations, path)

    return Step("PatchTransformer", run)


def patch_settings(entry: Patch) -> dict[str, Json]:
    """Return the entry as kustomize writes it into its settings."""
    settings: dict[str, Json] = {}
    if entry.path:
        settings["path"] = entry.path
    if entry.patch:
        settings["patch"] = entry.patch
    if entry.target is not None:
        settings["target"] = selector_settings(entry.target)
    if entry.options is not None:
        allowed = {
            "allowNameChange": entry.options.allow_name_change,
            "allowKindChange": entry.options.allow_kind_change,
        }
        settings["options"] = {name: value for name, value in allowed.items() if value}
    return settings


def json_settings(entry: Patch) -> dict[str, Json]:
    """Return an entry of `patchesJson6902` as kustomize writes it into its settings."""
    return {"jsonOp" if name == "patch" else name: value for name, value in patch_settings(entry).items()}


def _patch_text(entry: Patch, root: Root, file: str) -> tuple[bytes, str, str]:
    """Return the text of a patch, how messages call it, and the file it stands in."""
    text = entry.patch.strip()
    if not text and not entry.path:
        raise KustomizeError(f"must specify one of patch and path in\n{dump(patch_settings(entry))}")
    if text and entry.path:
        raise KustomizeError(f"patch and path can't be set at the same time\n{dump(patch_settings(entry))}")
    if text:
        return text.encode(), f"[patch: {quoted(text)}]", file
    try:
        data = root.load(entry.path)
    except KustomizeError as error:
        raise error.within(f"failed to get the patch file from path({entry.path})") from error
    return data, f"[path: {quoted(entry.path)}]", root.tree_path(entry.path)


def _told_apart(text: bytes, source: str, path: str) -> tuple[list[Resource], Sequence[Json]]:
    """Return the strategic merge patches of a text, or the operations of a JSON patch; of an empty text neither."""
    try:
        return resources_in(text, path), ()
    except LateError:
        raise
    except KustomizeError as error:
        try:
            return [], _operations(text)
        except (goyaml.YamlError, jsonpatch.JsonPatchError):
            raise KustomizeError(f"unable to parse SM or JSON patch from {source}") from error


def _operations(text: bytes) -> Sequence[Json]:
    if not text:
        raise jsonpatch.JsonPatchError("empty json patch operations")
    return jsonpatch.operations(text.decode("utf-8", "replace"))


def _merge_each(objects: Collection, patches: list[Resource], options: PatchOptions, schemas: Schemas | None) -> None:
    for patch in patches:
        identity = patch.identity
        try:
            target = objects.one(identity)
        except KustomizeError as error:
            raise error.within(f"no resource matches strategic merge patch {quoted(str(identity))}") from error
        merge(target, patch, options, schemas)


def _merge_into_selected(
    objects: Collection,
    entry: Patch,
    patches: list[Resource],
    source: str,
    options: PatchOptions,
    schemas: Schemas | None,
) -> None:
    assert entry.target is not None, entry
    if len(patches) > 1:
        raise KustomizeError(
            "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: "
            + source
        )
    try:
        selected = objects.select(entry.target)
    except KustomizeError as error:
        wanted = quoted(str(entry.target))
        raise error.within(f"unable to find patch target {wanted} in `resources`") from error
    merge_into(objects, selected, patches[0], options, schemas)


def merge_into(
    objects: Collection, selected: Sequence[Resource], patch: Resource, options: PatchOptions, schemas: Schemas | None
) -> None:
    """Merge a patch into the selected objects, whatever it is called itself. Raises KustomizeError."""
    wanted = {resource.identity for resource in selected}
    for resource in objects:
        if resource.identity in wanted:
            merge(resource, _addressed_to(patch, resource), options, schemas)
    kept = [resource for resource in objects if resource.tree]
    objects.resources = []
    objects.append_all(kept)


def _addressed_to(patch: Resource, resource: Resource) -> Resource:
    """Return a copy of the patch for an object of another group or version.

    On the way labels and annotations become texts: a null that was to delete one becomes the word.
    """
    copy = Resource(copied(patch.tree), patch.path)
    copy.set_texts("labels", patch.texts("labels"))
    copy.set_texts("annotations", patch.texts("annotations"))
    copy.set_name(patch.name)
    copy.set_namespace(patch.namespace)
    copy.tree["apiVersion"] = resource.gvk.api_version
    copy.tree["kind"] = patch.kind
    return copy


def merge(resource: Resource, patch: Resource, options: PatchOptions, schemas: Schemas | None) -> None:
    """Merge a patch into an object, which keeps kind, name and namespace unless the options let them go."""
    kind, name, namespace = resource.kind, resource.name, resource.namespace
    images = snapshot(resource)
    if options.allow_name_change or options.allow_kind_change:
        resource.remember()
    try:
        merged = kustomize_merge.merged(resource.tree, patch.tree, schemas)
    except kustomize_merge.PatchError as error:
        raise KustomizeError(str(error)) from error
    resource.tree = merged or {}
    if not resource.tree:
        return
    if not options.allow_kind_change:
        resource.tree["kind"] = kind
    if not options.allow_name_change and resource.name != name:
        resource.set_name(name)
    if resource.namespace != namespace:
        resource.set_namespace(namespace)
    if resource.tree.get("apiVersion") == "":
        resource.tree["apiVersion"] = None
    note_patch(resource, images, patch.tree, patch.path)


def strategic_merge_step(
    paths: Sequence[str], root: Root, file: str, schemas: Schemas | None, *, inline: str = ""
) -> Step:
    """Return the transformer for `patchesStrategicMerge`; `inline` holds more patches. Raises KustomizeError."""
    if not paths and not inline:
        raise KustomizeError("empty file path and empty patch content")
    patches = [patch for path in paths for patch in _patches_of(path, root, file)]
    patches += resources_in(inline.encode(), file) if inline else []
    if not patches:
        raise KustomizeError(f"patch appears to be empty; files=[{' '.join(paths)}], Patch={inline}")

    def run(objects: Collection) -> None:
        for patch in patches:
            merge_into(objects, [objects.one(patch.identity)], patch, PatchOptions(), schemas)

    return Step("PatchStrategicMergeTransformer", run)


def _patches_of(path: str, root: Root, file: str) -> list[Resource]:
    """Read an entry, which is the path of a patch or the patch itself."""
    try:
        return resources_in(path.encode(), file)
    except LateError:
        raise
    except KustomizeError:
        return resources_in_file(root.load(path), root.tree_path(path), path)


def json_step(entry: Patch, root: Root, file: str) -> Step:
    """Return the transformer for an entry of `patchesJson6902`. Raises KustomizeError."""
    operations, path = _json_patch(entry, root, file)
    target = entry.target
    assert target is not None, entry

    def run(objects: Collection) -> None:
        for resource in objects.select(target):
            _apply_operations(resource, operations, path)

    return Step("PatchJson6902Transformer", run)


def _json_patch(entry: Patch, root: Root, file: str) -> tuple[Sequence[Json], str]:
    if entry.target is None or not entry.target.name:
        raise KustomizeError("must specify the target name")
    if not entry.path and not entry.patch:
        raise KustomizeError("empty file path and empty jsonOp")
    if entry.path and entry.patch:
        raise KustomizeError("must specify a file path or jsonOp, not both")
    text, path = entry.patch, file
    if entry.path:
        text, path = root.load(entry.path).decode("utf-8", "replace"), root.tree_path(entry.path)
        if not text:
            raise KustomizeError(f"patch file '{entry.path}' empty seems to be empty")
    try:
        operations = jsonpatch.operations(text)
    except jsonpatch.JsonPatchError as error:
        shown = text if text.startswith("[") else compact(goyaml.load(text, dialect="yaml1.1"))
        raise KustomizeError(f"decoding {shown}: {error}") from error
    except goyaml.YamlError as error:
        raise KustomizeError(str(error)) from error
    if not operations:
        raise KustomizeError(f"patch appears to be empty; file={entry.path}, JsonOp={text}")
    return operations, path


def _apply_operations(resource: Resource, operations: Sequence[Json], path: str) -> None:
    """Apply a JSON patch. It sees kustomize's own annotations, so /metadata/annotations/x can be added to none."""
    images = snapshot(resource)
    own = resource.build_annotations()
    if own:
        resource.annotate(own)
    try:
        patched = jsonpatch.applied(resource.tree, operations)
    except jsonpatch.JsonPatchError as error:
        raise KustomizeError(str(error)) from error
    if not isinstance(patched, dict):
        kind = "array" if isinstance(patched, list) else "string"
        raise KustomizeError(f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
    resource.tree = _through_floats(patched)
    annotations = {key: text for key, text in resource.texts("annotations").items() if key not in BUILD_ANNOTATIONS}
    resource.set_texts("annotations", annotations)
    note_patch(resource, images, operations, path)


def _through_floats(value: Json) -> Json:
    """Round whole numbers as a JSON decoder without types does; what was said about spellings is gone."""
    if isinstance(value, dict):
        if any(type(key) is UntypedKey for key in value):
            raise KustomizeError("json: unsupported type: map[interface {}]interface {}")
        return {key: _through_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_through_floats(item) for item in value]
    if type(value) is int and not -_EXACT_MAX <= value <= _EXACT_MAX:
        rounded = number_text(float(value))
        return int(rounded) if rounded.lstrip("-").isdigit() else float(value)
    return unspelled(value)
