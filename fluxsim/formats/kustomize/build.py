"""`kustomize build` in process: a directory of a tree of files in, finished objects out.

No process, no network, no plugins outside kustomize's own. A field that cannot be done here is an error that names
it. Source: kustomize v5.8.1 (api v0.21.1, kyaml v0.21.1), which kubectl 1.37 and fluxcd/pkg of Flux 2.9 embed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fluxsim.formats import goyaml_write
from fluxsim.formats.govalues import go_syntax
from fluxsim.formats.kustomize.config import DEFAULT
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import FieldSpecs
from fluxsim.formats.kustomize.files import Access, FileTree, confirmed
from fluxsim.formats.kustomize.imageorigins import origins
from fluxsim.formats.kustomize.kustomization import SortOptions
from fluxsim.formats.kustomize.labels import METADATA_LABELS, entries_step
from fluxsim.formats.kustomize.layers import Build, Gathered, Layer
from fluxsim.formats.kustomize.manifests import check_metadata
from fluxsim.formats.kustomize.names import add_hashes
from fluxsim.formats.kustomize.provenance import Origin
from fluxsim.formats.kustomize.references import fix_references
from fluxsim.formats.kustomize.resource import BUILD_ANNOTATIONS, ORIGIN, TRANSFORMATIONS, ImageOrigin, Resource
from fluxsim.formats.kustomize.scalars import UntypedKey, unspelled
from fluxsim.formats.kustomize.sorting import sort
from fluxsim.formats.tree import Json, Map, Seq

LOCAL_CONFIG = "config.kubernetes.io/local-config"
MANAGED_BY = "app.kubernetes.io/managed-by"
VERSION = "v5.8.1"


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a build runs.

    kubectl: files below the root only, sorted by kind. Flux: the whole tree, in the order of the kustomizations.
    `location` is the absolute path at which messages show the top of the tree.
    """

    inside_root_only: bool = True
    legacy_order: bool = True
    location: str = "/"


KUBECTL = BuildOptions()
FLUX = BuildOptions(inside_root_only=False, legacy_order=False)


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The finished objects, frozen, with all that the result depends on.

    `read_paths` are the files that were read or found missing, `directories` those that were asked whether they are
    one: as long as all of them are the same, so is the result. `sources` has the file that each object came from.
    """

    resources: tuple[Map, ...]
    warnings: tuple[str, ...]
    read_paths: tuple[str, ...]
    directories: tuple[str, ...]
    sources: tuple[str, ...]
    image_origins: Mapping[tuple[int, tuple[str | int, ...]], ImageOrigin]
    """Who wrote each container's image, by the object's index and the path of the `image` field."""


def build(files: FileTree, root: str, *, options: BuildOptions = KUBECTL) -> BuildResult:
    """Build the directory `root` of the tree, "" or "." for its top. Raises KustomizeError."""
    access = Access(files, options.location, inside_root_only=options.inside_root_only)
    shared = Build()
    named = root if options.inside_root_only else ""
    layer = Layer(confirmed(access, access.shown(root), None, named), shared)
    layer.choose_schema()
    metadata = layer.kustomization.build_metadata or ()
    if metadata:
        layer.origin = Origin()
    gathered = layer.gather(Gathered())
    _settle(gathered, shared)
    order = layer.kustomization.sort_options or SortOptions("legacy" if options.legacy_order else "fifo")
    sort(gathered.objects, order)
    if "managedByLabel" in metadata:
        label = {MANAGED_BY: f"kustomize-{VERSION}"}
        entries_step("LabelTransformer", label, FieldSpecs([METADATA_LABELS])).run(gathered.objects)
    for resource in gathered.objects:
        _clean(resource, metadata)
    return BuildResult(
        resources=tuple(_finished(resource) for resource in gathered.objects),
        warnings=tuple(shared.warnings),
        read_paths=tuple(access.read_paths),
        directories=tuple(access.directories),
        sources=tuple(resource.path for resource in gathered.objects),
        image_origins={
            (index, path): origin
            for index, resource in enumerate(gathered.objects)
            for path, origin in origins(resource).items()
        },
    )


def build_yaml(files: FileTree, root: str, *, options: BuildOptions = KUBECTL) -> str:
    """Return what `kustomize build` prints. Raises KustomizeError."""
    return yaml_of(build(files, root, options=options))


def yaml_of(result: BuildResult) -> str:
    """Return the objects of a build as `kustomize build` prints them."""
    return goyaml_write.dump_all(result.resources)


def _settle(gathered: Gathered, shared: Build) -> None:
    """Do what waits until all layers are done: hashes, references, vars, and leaving out what is only local."""
    objects, config = gathered.objects, gathered.config
    add_hashes(objects)
    fix_references(objects, config.name_reference if config.name_reference.rules else DEFAULT.name_reference)
    unused = gathered.variables.resolve(objects, config.var_reference)
    if unused:
        shared.warnings.append(f"well-defined vars that were never replaced: {','.join(unused)}")
    for resource in objects:
        if not resource.kind or not resource.name:
            check_metadata(resource.shown())
    objects.resources = [resource for resource in objects if not _is_local(resource)]


def _is_local(resource: Resource) -> bool:
    return resource.texts("annotations").get(LOCAL_CONFIG, "false") != "false"


def _clean(resource: Resource, metadata: tuple[str, ...]) -> None:
    """Take out kustomize's own annotations; on the way every annotation becomes a text, and an empty map goes."""
    if "annotations" not in resource.metadata:
        return
    hidden = {
        name
        for name, option in ((ORIGIN, "originAnnotations"), (TRANSFORMATIONS, "transformerAnnotations"))
        if option not in metadata
    }
    kept = {
        key: text
        for key, text in resource.texts("annotations").items()
        if key not in BUILD_ANNOTATIONS and key not in hidden
    }
    resource.set_texts("annotations", kept)


def _finished(resource: Resource) -> Map:
    frozen: Map = _frozen(resource.tree, resource)
    return frozen


def _frozen(value: Json, resource: Resource) -> Json:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, dict):
        if any(type(key) is UntypedKey for key in value) and value is not resource.tree:
            raise KustomizeError(
                f"{go_syntax(resource.tree)}: json: unsupported type: map[interface {{}}]interface {{}}"
            )
        return Map({key: _frozen(item, resource) for key, item in value.items()})
    if isinstance(value, list):
        return Seq([_frozen(item, resource) for item in value])
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise KustomizeError(f"{go_syntax(resource.tree)}: json: unsupported value: {name}")
    return unspelled(value)
