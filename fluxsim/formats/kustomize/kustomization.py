"""What a kustomization can say: one frozen class for each part of it.

Source: kustomize api v0.21.1 types/*.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fluxsim.formats.kustomize.fieldspecs import FieldSpec
from fluxsim.formats.kustomize.identity import Gvk, Identity
from fluxsim.formats.tree import Json, Map

COMPONENT = "Component"


@dataclass(frozen=True, slots=True)
class Selector:
    """Which objects are meant: regular expressions for the parts of the id, label syntax for the other two."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    label_selector: str = ""
    annotation_selector: str = ""

    @property
    def identity(self) -> Identity:
        return Identity(Gvk(self.group, self.version, self.kind), self.name, self.namespace)

    def __str__(self) -> str:
        return f"{self.identity}:a={self.annotation_selector}:l={self.label_selector}"


@dataclass(frozen=True, slots=True)
class PatchOptions:
    allow_name_change: bool = False
    allow_kind_change: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    path: str = ""
    patch: str = ""
    target: Selector | None = None
    options: PatchOptions | None = None


@dataclass(frozen=True, slots=True)
class Image:
    name: str = ""
    new_name: str = ""
    tag_suffix: str = ""
    new_tag: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Replica:
    name: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    pairs: Mapping[str, str] = field(default_factory=Map)
    include_selectors: bool = False
    include_templates: bool = False
    fields: tuple[FieldSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldOptions:
    delimiter: str = ""
    index: int = 0
    encoding: str = ""
    create: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    field_path: str = ""
    options: FieldOptions | None = None

    @property
    def identity(self) -> Identity:
        return Identity(Gvk(self.group, self.version, self.kind), self.name, self.namespace)

    def __str__(self) -> str:
        parts = [str(self.identity)]
        if self.field_path:
            parts.append(self.field_path)
        options = self.options
        if options is not None and (options.delimiter or options.create):
            create = "true" if options.create else "false"
            parts.append(f"{options.delimiter}({options.index}), create={create}")
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Target:
    select: Selector | None = None
    reject: tuple[Selector, ...] = ()
    field_paths: tuple[str, ...] = ()
    options: FieldOptions | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    source: Source | None = None
    targets: tuple[Target, ...] | None = None
    source_value: str | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    labels: Mapping[str, str] = field(default_factory=Map)
    annotations: Mapping[str, str] = field(default_factory=Map)
    disable_name_suffix_hash: bool = False
    immutable: bool = False


@dataclass(frozen=True, slots=True)
class Generator:
    """A configMapGenerator or secretGenerator entry; `type` is the Secret's."""

    name: str = ""
    namespace: str = ""
    behavior: str = ""
    literals: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    envs: tuple[str, ...] = ()
    env: str = ""
    options: GeneratorOptions | None = None
    type: str = ""


@dataclass(frozen=True, slots=True)
class ObjectReference:
    api_version: str = ""
    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""

    @property
    def gvk(self) -> Gvk:
        parts = self.api_version.split("/") if self.api_version else []
        if len(parts) == 2:
            return Gvk(parts[0], parts[1], self.kind)
        return Gvk(self.group, parts[0] if len(parts) == 1 else self.version, self.kind)


@dataclass(frozen=True, slots=True)
class FieldReference:
    field_path: str = ""


@dataclass(frozen=True, slots=True)
class Var:
    name: str = ""
    objref: ObjectReference = ObjectReference()
    fieldref: FieldReference = FieldReference()

    @property
    def field_path(self) -> str:
        return self.fieldref.field_path or "metadata.name"

    def as_written(self) -> str:
        """Return the var as Go prints it before it has filled in what the file leaves out."""
        reference = self.objref
        gvk = Gvk(reference.group, reference.version, reference.kind)
        return f"{{{self.name} {gvk} {{{self.fieldref.field_path}}}}}"

    def __str__(self) -> str:
        return f"{{{self.name} {self.objref.gvk} {{{self.field_path}}}}}"


@dataclass(frozen=True, slots=True)
class LegacySortOptions:
    order_first: tuple[str, ...] = ()
    order_last: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SortOptions:
    order: str = ""
    legacy_sort_options: LegacySortOptions | None = None


@dataclass(frozen=True, slots=True)
class ObjectMeta:
    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class HelmSettings:
    """The fields that a file gives of a chart. They are known, and refused: a build has no Helm."""

    given: Mapping[str, Json] = field(default_factory=Map)


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A kustomization file. None stands for a list or map that the file does not have: an empty one counts as there."""

    kind: str = ""
    api_version: str = ""
    metadata: ObjectMeta | None = None
    openapi: Mapping[str, str] | None = None
    name_prefix: str = ""
    name_suffix: str = ""
    namespace: str = ""
    common_labels: Mapping[str, str] | None = None
    labels: tuple[Label, ...] | None = None
    common_annotations: Mapping[str, str] | None = None
    patches_strategic_merge: tuple[str, ...] | None = None
    patches_json6902: tuple[Patch, ...] | None = None
    patches: tuple[Patch, ...] | None = None
    images: tuple[Image, ...] | None = None
    image_tags: tuple[Image, ...] | None = None
    replacements: tuple[Replacement, ...] | None = None
    replicas: tuple[Replica, ...] | None = None
    vars: tuple[Var, ...] | None = None
    sort_options: SortOptions | None = None
    resources: tuple[str, ...] | None = None
    components: tuple[str, ...] | None = None
    crds: tuple[str, ...] | None = None
    bases: tuple[str, ...] | None = None
    config_map_generator: tuple[Generator, ...] | None = None
    secret_generator: tuple[Generator, ...] | None = None
    helm_globals: HelmSettings | None = None
    helm_charts: tuple[HelmSettings, ...] | None = None
    helm_chart_inflation_generator: tuple[HelmSettings, ...] | None = None
    generator_options: GeneratorOptions | None = None
    configurations: tuple[str, ...] | None = None
    generators: tuple[str, ...] | None = None
    transformers: tuple[str, ...] | None = None
    validators: tuple[str, ...] | None = None
    build_metadata: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def component(self) -> bool:
        return self.kind == COMPONENT
