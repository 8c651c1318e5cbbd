"""An object as somebody applies it: read once, checked once, and compared with what is stored.

Flux applies the same objects run after run, mostly to find that nothing changed: that case is answered here without a
merge.
Source: k8s.io/apimachinery (2026-07) pkg/util/managedfields/internal/{structuredmerge,stripmeta}.go.
"""

from __future__ import annotations

from fluxsim.formats.fieldset import difference, in_order, of_paths
from fluxsim.formats.listtypes import ANY, Type
from fluxsim.formats.tree import Json, Map, freeze, get
from fluxsim.formats.tree import without as without_path
from fluxsim.formats.typedcheck import problem
from fluxsim.formats.typedtree import ABSENT, NoKey, child_type, field_set, form_of, item_step, same

NEVER_OWNED = of_paths(
    [
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "clusterName",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        ),
    ]
)


class SchemaError(ValueError):
    """The applied object does not fit its kind. `message` is the API server's, `problem` what the merge library says."""

    def __init__(self, config: Json, problem: str) -> None:
        metadata = config.get("metadata") or {}
        group, _, version = config.get("apiVersion", "").rpartition("/")
        told = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}; {group}/{version}, Kind={config.get('kind', '')}"
        self.problem = problem
        self.message = f"failed to create typed patch object ({told}): {problem}"
        super().__init__(self.message)


class AppliedConfig:
    """An applied object: `object` without its creation time, `fields` all it mentions, `owned` those one can own."""

    __slots__ = ("checked", "fields", "object", "owned")

    def __init__(self, obj: Json, type_: Type) -> None:
        # Flux sends null as creation time; the server puts the true one back.
        self.object = without_path(freeze(obj), ("metadata", "creationTimestamp"))
        self.fields = field_set(self.object, type_)
        self.owned = difference(self.fields, NEVER_OWNED)
        self.checked = False


_CONFIGS_MAX = 2048
_configs: dict[int, tuple[Json, AppliedConfig]] = {}
"""Frozen objects that were applied, by identity (each is held, so its id is its own): Flux applies the same ones every run."""


def read_config(config: Json, type_: Type) -> AppliedConfig:
    """Read an applied object without checking it: one that changes nothing needs no check. Raises SchemaError."""
    known = _configs.get(id(config))
    if known is not None and known[0] is config:
        return known[1]
    try:
        found = AppliedConfig(config, type_)
    except NoKey as error:
        raise SchemaError(config, problem(config, type_)) from error
    if type(config) is Map:
        if len(_configs) >= _CONFIGS_MAX:
            _configs.clear()
        _configs[id(config)] = (config, found)
    return found


def check_config(config: AppliedConfig, type_: Type) -> None:
    if config.checked:
        return
    wrong = problem(config.object, type_)
    if wrong:
        raise SchemaError(config.object, wrong)
    config.owned = in_order(config.owned)
    config.checked = True


def says_nothing_new(live: Json, config: AppliedConfig, manager: str, type_: Type) -> bool:
    """Return whether the manager owns exactly these fields already and the live object has all their values."""
    for entry in get(live, "metadata", "managedFields", default=None) or ():
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return (
                entry.get("apiVersion") == config.object.get("apiVersion")
                and entry.get("fieldsV1") == config.owned
                and _holds(live, config.object, type_)
            )
    return False


def _holds(live: Json, config: Json, type_: Type) -> bool:
    """Return whether merging would leave the live tree as it is."""
    if live is config:
        return True
    form = form_of(type_, config)
    if form == "map" and not type_.atomic:
        if not isinstance(live, dict) or config is None:
            return False
        for key, value in config.items():
            there = live.get(key, ABSENT)
            if there is value and value is not None:
                continue
            if type(value) is str or there is ABSENT:
                if there != value:
                    return False
            elif not _holds(there, value, child_type(type_, key)):
                return False
        return True
    if form == "list" and not type_.atomic and type_.form != "any":
        return _holds_items(live, config, type_)
    return same(live, config)


def _holds_items(live: Json, config: Json, type_: Type) -> bool:
    """The items of `config` stand in the live list in the same order, with others between them or not."""
    if not isinstance(live, list) or not isinstance(config, list) or (live and not config):
        return isinstance(live, list) and isinstance(config, list)
    there = [item_step(type_, item) for item in live]
    if len(set(there)) != len(there):
        return False
    at = -1
    element = type_.element or ANY
    for item in config:
        step = item_step(type_, item)
        if step not in there:
            return False
        place = there.index(step)
        if place <= at or not _holds(live[place], item, element):
            return False
        at = place
    return True
