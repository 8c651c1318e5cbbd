"""The order of the output: as accumulated, or by kind.

Source: kustomize api v0.21.1 internal/builtins/SortOrderTransformer.go, krusty/kustomizer.go (`applySortOrder`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cmp_to_key

from fluxsim.formats.kustomize.collection import Collection
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.kustomize.identity import KIND_ORDER, Gvk, Identity, sort_text
from fluxsim.formats.kustomize.kustomization import SortOptions
from fluxsim.formats.kustomize.resource import Resource


def sort(objects: Collection, options: SortOptions) -> None:
    """Bring the objects into the order that the kustomization or the caller wants. Raises KustomizeError."""
    if options.order not in {"fifo", "legacy"}:
        raise KustomizeError("the field 'sortOptions.order' must be one of [fifo, legacy]")
    legacy = options.legacy_sort_options
    if options.order == "fifo":
        if legacy is not None:
            raise KustomizeError(
                "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
            )
        return
    ranks = KIND_ORDER if legacy is None else _ranks(legacy.order_first, legacy.order_last)
    compared = _comparison(ranks)
    objects.resources.sort(key=cmp_to_key(compared))


def _ranks(first: Sequence[str], last: Sequence[str]) -> dict[str, int]:
    return {kind: at - len(first) for at, kind in enumerate(first)} | {kind: at + 1 for at, kind in enumerate(last)}


def _comparison(ranks: dict[str, int]) -> Callable[[Resource, Resource], int]:
    texts: dict[int, tuple[Identity, str, str]] = {}

    def facts(resource: Resource) -> tuple[Identity, str, str]:
        found = texts.get(id(resource))
        if found is None:
            identity = resource.identity
            found = texts[id(resource)] = (identity, sort_text(identity.gvk), _id_text(identity))
        return found

    def compared(left: Resource, right: Resource) -> int:
        one, one_kind, one_id = facts(left)
        two, two_kind, two_id = facts(right)
        if one.gvk == two.gvk:
            return (one_id > two_id) - (one_id < two_id)
        ranked = ranks.get(one.gvk.kind, 0) - ranks.get(two.gvk.kind, 0)
        if ranked:
            return ranked
        smaller = (one_kind > two_kind) - (one_kind < two_kind)
        return -smaller if _core_namespace(one.gvk, two.gvk) else smaller

    return compared


def _core_namespace(left: Gvk, right: Gvk) -> bool:
    """The core Namespace goes before those of other groups, against the order of the texts."""
    return left.kind == right.kind == "Namespace" and (not left.group or not right.group)


def _id_text(identity: Identity) -> str:
    return f"{identity.gvk}|{identity.namespace or '~X'}|{identity.name or '~N'}"
