"""`labels`, `commonLabels` and `commonAnnotations`.

Source: kustomize api v0.21.1 internal/target/kusttarget_configplugin.go, filters/{labels,annotations}.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.config import TransformerConfig
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.fieldspecs import FieldSpec, FieldSpecs, WalkError, set_field, wrong_kind
from fluxsim.formats.kustomize.identity import Gvk
from fluxsim.formats.kustomize.kustomization import Label
from fluxsim.formats.kustomize.scalars import bare_key
from fluxsim.formats.kustomize.steps import Step
from fluxsim.formats.linkedtext import Link, LinkedText, overwritten, settle
from fluxsim.formats.tree import Json

METADATA_LABELS = FieldSpec(Gvk(), "metadata/labels", create=True)


def label_step(entry: Label, config: TransformerConfig) -> Step:
    """Return the transformer for an entry of `labels`. Raises KustomizeError for contradicting field specs."""
    specs = _specs(entry.fields, config, selectors=entry.include_selectors, templates=entry.include_templates)
    return entries_step("LabelTransformer", entry.pairs, specs)


@lru_cache(maxsize=64)
def _specs(fields: tuple[FieldSpec, ...], config: TransformerConfig, *, selectors: bool, templates: bool) -> FieldSpecs:
    specs = _merged(FieldSpecs(fields), config.labels, "failed to merge labels")
    if selectors:
        return _merged(specs, config.common_labels, "failed to merge labels")
    if templates:
        specs = _merged(specs, config.template_labels, "failed to merge template fieldSpec")
    return _merged(specs, FieldSpecs([METADATA_LABELS]), "failed to merge labels")


def _merged(specs: FieldSpecs, others: FieldSpecs, failure: str) -> FieldSpecs:
    try:
        return specs.merged(others.specs)
    except KustomizeError as error:
        raise error.within(failure) from error


def entries_step(kind: str, entries: Mapping[str, str], specs: FieldSpecs) -> Step:
    """Return a transformer that puts entries into every map that the specs lead to."""
    added = {bare_key(key): text for key, text in entries.items()}

    def run(objects: Collection) -> None:
        if not entries:
            return
        for resource in objects:
            adding = _Adding(added)
            for spec in specs.of(resource.gvk):
                set_field(resource, spec, adding.into, "map")
            if adding.overwrote:
                settle(resource.tree)

    return Step(kind, run)


class _Adding:
    """Entries on their way into the maps of one object, where each is one text in all places that did not have it."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.fresh = {key: LinkedText(text, Link(text)) for key, text in entries.items()}
        self.overwrote = False

    def into(self, value: Json) -> Json:
        if value is None:
            return dict(self.fresh)
        if not isinstance(value, dict):
            raise WalkError(wrong_kind("MappingNode", value))
        for key, text in self.fresh.items():
            old = value.get(key)
            if type(old) is LinkedText:
                self.overwrote = self.overwrote or old != text
                value[key] = overwritten(old, str(text))
            else:
                value[key] = str(text) if key in value else text
        return value
