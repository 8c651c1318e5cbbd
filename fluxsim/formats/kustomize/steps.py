"""What every transformer is made of: its kind, and what it does to the objects.

Transformers are configured before the first of them runs, so an error in the last one's settings comes first.
Source: kustomize api v0.21.1 internal/target/{kusttarget_configplugin,multitransformer}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fluxsim.formats.goyaml_write import dump
from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.kustomization import Selector
from fluxsim.formats.tree import Json


class Step(NamedTuple):
    """A configured transformer. `kind` is the name of kustomize's plugin."""

    kind: str
    run: Callable[[Collection], None]


def configured(kind: str, settings: Callable[[], Mapping[str, Json]], make: Callable[[], Step]) -> Step:
    """Return a transformer; an error tells the settings that caused it, as kustomize shows them."""
    try:
        return make()
    except KustomizeError as error:
        raise error.within(f"trouble configuring builtin {kind} with config: `\n{dump(settings())}`") from error


def selector_settings(selector: Selector) -> dict[str, Json]:
    """Return a selector as kustomize writes it into its settings: what is empty is left out."""
    settings = {
        "group": selector.group,
        "version": selector.version,
        "kind": selector.kind,
        "name": selector.name,
        "namespace": selector.namespace,
        "labelSelector": selector.label_selector,
        "annotationSelector": selector.annotation_selector,
    }
    return {key: value for key, value in settings.items() if value}
