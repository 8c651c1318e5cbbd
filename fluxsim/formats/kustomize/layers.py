"""One directory of a build: what its kustomization gathers, makes and changes, and what it hands to the one above.

Source: kustomize api v0.21.1 internal/target/{kusttarget,kusttarget_configplugin}.go,
internal/accumulator/resaccumulator.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from fluxsim.formats.gotext import quoted
from fluxsim.formats.goyaml_write import dump
from fluxsim.formats.kustomize import plugins
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.config import DEFAULT, EMPTY, TransformerConfig, read_config
from fluxsim.formats.kustomize.crds import config_of_crds
from fluxsim.formats.kustomize.errors import KustomizeError, MalformedYaml
from fluxsim.formats.kustomize.files import Root
from fluxsim.formats.kustomize.generators import absorb, generated
from fluxsim.formats.kustomize.images import image_step
from fluxsim.formats.kustomize.kustomization import COMPONENT, Generator, HelmSettings
from fluxsim.formats.kustomize.kustomizationfile import field_problems, read_kustomization
from fluxsim.formats.kustomize.labels import entries_step, label_step
from fluxsim.formats.kustomize.manifests import copied, resources_in, resources_in_file
from fluxsim.formats.kustomize.names import affix_step
from fluxsim.formats.kustomize.namespaces import namespace_step
from fluxsim.formats.kustomize.patches import json_settings, json_step, patch_settings, patch_step, strategic_merge_step
from fluxsim.formats.kustomize.provenance import Origin, note_generated, note_transformed, origin_of, set_origin
from fluxsim.formats.kustomize.replacements import replacement_step
from fluxsim.formats.kustomize.replicas import replica_step
from fluxsim.formats.kustomize.resource import Resource
from fluxsim.formats.kustomize.schemas import SchemaChoice
from fluxsim.formats.kustomize.steps import Step, configured
from fluxsim.formats.kustomize.variables import Variables

POINTER = "0xc000000000"
"""What stands in messages where Go prints an address."""


@dataclass(slots=True)
class Gathered:
    """What one or more layers have brought together."""

    objects: Collection = field(default_factory=Collection)
    config: TransformerConfig = EMPTY
    variables: Variables = field(default_factory=Variables)

    def absorb(self, other: Gathered) -> None:
        """Add what a layer below has. Raises KustomizeError."""
        self.objects.append_all(other.objects)
        self.config = self.config.merged(other.config)
        self.variables.add(other.variables.by_name[name] for name in sorted(other.variables.by_name))


@dataclass(slots=True)
class Build:
    """What all layers of one build share."""

    schema: SchemaChoice = field(default_factory=SchemaChoice)
    warnings: list[str] = field(default_factory=list[str])


class Layer:
    """A directory with a kustomization. `origin` is its place from the top of the build, None when nobody asks."""

    def __init__(self, root: Root, build: Build, origin: Origin | None = None) -> None:
        self.root = root
        self.build = build
        self.origin = origin
        self.file_name, data = root.kustomization()
        self.file = root.tree_path(self.file_name)
        self.kustomization = read_kustomization(data)
        build.warnings += self.kustomization.warnings
        problems = field_problems(self.kustomization)
        if problems:
            lines = "\n".join(problems)
            raise KustomizeError(f"Failed to read kustomization file under {root}:\n{lines}")

    def choose_schema(self) -> None:
        openapi = self.kustomization.openapi
        data = self.root.load(openapi["path"]) if openapi and "path" in openapi else None
        self.build.schema.choose(openapi, data)

    def gather(self, into: Gathered) -> Gathered:
        """Do all that the kustomization says; a component does it to what is already `into`. Raises KustomizeError."""
        kustomization = self.kustomization
        try:
            into = self._resources(into, kustomization.resources or ())
        except KustomizeError as error:
            raise error.within("accumulating resources") from error
        self._configure(into)
        self._generate(into)
        try:
            into = self._components(into)
        except KustomizeError as error:
            raise error.within("accumulating components") from error
        self._transform(into)
        self._validate(into)
        try:
            into.variables.declare(kustomization.vars or (), into.objects)
        except KustomizeError as error:
            shown = " ".join(var.as_written() for var in kustomization.vars or ())
            raise error.within(f"merging vars [{shown}]") from error
        return into

    def _resources(self, into: Gathered, paths: Sequence[str]) -> Gathered:
        for path in paths:
            try:
                self._resource_file(into, path)
            except KustomizeError as in_file:
                into = self._resource_directory(into, path, in_file)
        return into

    def _resource_file(self, into: Gathered, path: str) -> None:
        try:
            data = self.root.load(path)
            resources = resources_in_file(data, self.root.tree_path(path), path)
            objects = Collection()
            objects.append_all(resources)
        except KustomizeError as error:
            raise error.within(f"accumulating resources from '{path}'") from error
        self.build.schema.objects_read = True
        if self.origin is not None:
            for resource in objects:
                set_origin(resource, self.origin.below(path))
        try:
            into.objects.append_all(objects)
        except KustomizeError as error:
            raise error.within(f"merging resources from '{path}'") from error

    def _resource_directory(self, into: Gathered, path: str, in_file: KustomizeError) -> Gathered:
        try:
            return self._directory(into, self.root.enter(path), path, component=False)
        except KustomizeError as error:
            if isinstance(in_file, MalformedYaml) or in_file.late:
                raise in_file from error
            raise error.within(f"accumulation err='{in_file}'") from error

    def _components(self, into: Gathered) -> Gathered:
        for path in self.kustomization.components or ():
            try:
                root = self.root.enter(path)
            except KustomizeError as error:
                raise KustomizeError(f"loader.New {quoted(str(error))}") from error
            try:
                into = self._directory(into, root, path, component=True)
            except KustomizeError as error:
                if error.late:
                    raise
                raise KustomizeError(f"accumulateDirectory: {quoted(str(error))}") from error
        return into

    def _directory(self, into: Gathered, root: Root, path: str, *, component: bool) -> Gathered:
        origin = None if self.origin is None else self.origin.below(path)
        try:
            layer = Layer(root, self.build, origin)
        except KustomizeError as error:
            raise error.within(f"couldn't make target for path '{root}'") from error
        layer.choose_schema()
        kind = layer.kustomization.kind
        if component and kind != COMPONENT:
            raise KustomizeError(f"expected kind '{COMPONENT}' for path '{root}' but got '{kind}'")
        if not component and kind == COMPONENT:
            raise KustomizeError(f"expected kind != '{COMPONENT}' for path '{root}'")
        try:
            below = layer.gather(into if component else Gathered())
        except KustomizeError as error:
            raise error.within(f"recursed accumulation of path '{root}'") from error
        result = Gathered() if component else into
        try:
            result.absorb(below)
        except KustomizeError as error:
            raise error.within(f"recursed merging from path '{root}'") from error
        return result

    def _configure(self, into: Gathered) -> None:
        config = DEFAULT
        if self.kustomization.configurations:
            own = EMPTY
            for path in self.kustomization.configurations:
                own = own.merged(read_config(self.root.load(path)))
            config = config.merged(own)
        into.config = into.config.merged(config)
        if self.kustomization.crds:
            crds = EMPTY
            try:
                for path in self.kustomization.crds:
                    crds = crds.merged(config_of_crds(self.root.load(path), path))
            except KustomizeError as error:
                raise error.within(f"loading CRDs [{' '.join(self.kustomization.crds)}]") from error
            into.config = into.config.merged(crds)

    def _generate(self, into: Gathered) -> None:
        makers = self._builtin_generators()
        self._refuse_helm()
        try:
            makers += self._plugin_generators()
        except KustomizeError as error:
            raise error.within("loading generator plugins") from error
        for make, origin in makers:
            resources = make()
            if origin is not None:
                note_generated(resources, origin)
            for resource in resources:
                shown = f"&{{{POINTER} {'<nil>' if origin is None else POINTER}}}"
                absorb(into.objects, resource, shown)

    def _builtin_generators(self) -> list[tuple[plugins.Make, Origin | None]]:
        k = self.kustomization

        def make(entry: Generator, kind: str) -> list[Resource]:
            return [generated(entry, kind, k.generator_options, self.root, self.file)]

        return [
            (partial(make, entry, kind), self._builtin_origin(f"{kind}Generator"))
            for kind, entries in (("ConfigMap", k.config_map_generator), ("Secret", k.secret_generator))
            for entry in entries or ()
        ]

    def _plugin_generators(self) -> list[tuple[plugins.Make, Origin | None]]:
        makers: list[tuple[plugins.Make, Origin | None]] = []
        for resource in self._plugin_configurations(self.kustomization.generators or ()):
            try:
                makers.append((plugins.generator(resource, self._surroundings()), self._plugin_origin(resource)))
            except KustomizeError as error:
                raise error.within("failed to load generator") from error
        return makers

    def _refuse_helm(self) -> None:
        k = self.kustomization
        for chart in (*(k.helm_charts or ()), *(k.helm_chart_inflation_generator or ())):
            settings = {**(k.helm_globals or HelmSettings()).given, **chart.given}
            shown = dump({key: value for key, value in settings.items() if value})
            text = f"trouble configuring builtin HelmChartInflationGenerator with config: `\n{shown}`"
            raise KustomizeError(f"{text}: must specify --enable-helm")

    def _transform(self, into: Gathered) -> None:
        steps = [(step, self._builtin_origin(step.kind)) for step in self._builtin_steps(into.config)]
        steps += self._plugin_steps(self.kustomization.transformers)
        for step, origin in steps:
            step.run(into.objects)
            if origin is not None:
                note_transformed(into.objects, origin)
            into.objects.drop_empty()

    def _builtin_steps(self, config: TransformerConfig) -> list[Step]:
        k, root, file = self.kustomization, self.root, self.file
        schemas = self.build.schema.schemas
        steps: list[Step] = []
        if k.patches_strategic_merge:
            paths = k.patches_strategic_merge
            steps.append(
                configured(
                    "PatchStrategicMergeTransformer",
                    lambda: {"paths": list(paths)},
                    lambda: strategic_merge_step(paths, root, file, schemas),
                )
            )
        steps += [
            configured("PatchTransformer", partial(patch_settings, e), partial(patch_step, e, root, file, schemas))
            for e in k.patches or ()
        ]
        if k.namespace:
            steps.append(namespace_step(k.namespace, config.namespace))
        if k.name_prefix:
            steps.append(affix_step(config.name_prefix, prefix=k.name_prefix))
        if k.name_suffix:
            steps.append(affix_step(config.name_suffix, suffix=k.name_suffix))
        steps += [label_step(entry, config) for entry in k.labels or ()]
        if k.labels or k.common_labels:
            steps.append(entries_step("LabelTransformer", k.common_labels or {}, config.common_labels))
        if k.common_annotations:
            steps.append(entries_step("AnnotationsTransformer", k.common_annotations, config.common_annotations))
        steps += [
            configured("PatchJson6902Transformer", partial(json_settings, e), partial(json_step, e, root, file))
            for e in k.patches_json6902 or ()
        ]
        steps += [replica_step(entry, config.replicas) for entry in k.replicas or ()]
        steps += [image_step(entry, config.images, file) for entry in k.images or ()]
        if k.replacements:
            entries = k.replacements
            steps.append(
                configured(
                    "ReplacementTransformer",
                    lambda: {"Replacements": [{"path": e.path} if e.path else {} for e in entries]},
                    lambda: replacement_step(entries, root, file),
                )
            )
        return steps

    def _plugin_steps(self, entries: Sequence[str] | None) -> list[tuple[Step, Origin | None]]:
        if not entries:
            return []
        return [
            (step, self._plugin_origin(resource))
            for resource in self._plugin_configurations(entries)
            for step in plugins.transformer(resource, self._surroundings())
        ]

    def _validate(self, into: Gathered) -> None:
        for step, _ in self._plugin_steps(self.kustomization.validators):
            before = [copied(resource.tree) for resource in into.objects]
            step.run(into.objects)
            if [resource.tree for resource in into.objects] != before:
                raise KustomizeError(f"validator shouldn't modify the resource map: {step.kind}")

    def _plugin_configurations(self, entries: Sequence[str]) -> list[Resource]:
        """Return the objects that configure plugins: first those that stand inline, then those in files."""
        gathered = Gathered()
        paths: list[str] = []
        for entry in entries:
            try:
                inline = resources_in(entry.encode(), self.file)
            except KustomizeError:
                paths.append(entry)
                continue
            if self.origin is not None:
                for resource in inline:
                    set_origin(resource, self.origin.below(self.file_name))
            gathered.objects.append_all(inline)
        return self._resources(gathered, paths).objects.resources

    def _surroundings(self) -> plugins.Surroundings:
        return plugins.Surroundings(self.root, self.file, self.build.schema.schemas)

    def _builtin_origin(self, kind: str) -> Origin | None:
        return None if self.origin is None else self.origin.builtin(kind, self.file_name)

    def _plugin_origin(self, resource: Resource) -> Origin | None:
        return None if self.origin is None else origin_of(resource)
