"""Generated patches: strategic, merge and JSON ones, for objects as manifests.py makes them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.differential.manifests import COMMON, OBJECTS, TEXTS, Made, Object, some

SCALARS = st.one_of(TEXTS, st.integers(-2, 10), st.booleans(), st.none(), st.just(1.5))
POINTERS = st.sampled_from(
    ["/metadata/labels", "/metadata/labels/app", "/metadata/annotations/example.com~1owner", "/metadata/annotations/a-b",
     "/metadata/name", "/spec/replicas", "/spec/template/spec/containers/0/image", "/spec/template/spec/containers/-",
     "/spec/template/spec/containers/1", "/spec/template/spec/containers/0/env", "/spec/template/spec/containers/0/env/0",
     "/spec/ports/0/port", "/spec/ports", "/spec/ports/-", "/spec/selector", "/data/k", "/data", "/data/new", "/spec/deep/a",
     "/spec/missing/x", "/spec/template/spec/containers/-1", "/spec/template/spec/volumes/0/name"]
)  # fmt: skip
VALUES = st.one_of(
    TEXTS,
    st.integers(-2, 10),
    st.just({"name": "new", "image": "busybox:1"}),
    st.just([{"name": "A", "value": "1"}]),
    st.just({"app": "x"}),
    st.none(),
    st.booleans(),
    st.just([]),
    st.just({}),
)
OPERATION = st.one_of(
    some({"op": st.sampled_from(["add", "replace", "test"]), "path": POINTERS, "value": VALUES}, {}),
    some({"op": st.sampled_from(["add", "replace"]), "path": POINTERS, "value": VALUES}, {}),
    some({"op": st.just("remove"), "path": POINTERS}, {}),
    some({"op": st.sampled_from(["move", "copy"]), "from": POINTERS, "path": POINTERS}, {}),
)
JSON_PATCHES = st.lists(OPERATION, min_size=1, max_size=3)


def fragment(obj: Object) -> Made:
    """Parts of the object itself, changed here and there: what a person writes as a patch."""
    return st.composite(_fragment)(obj)


def _fragment(draw: st.DrawFn, obj: Object) -> Object:
    body = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    changed: Object = draw(_changed(body)) if body else {}
    metadata = draw(
        some(
            {},
            {
                "labels": _mapping(obj["metadata"].get("labels")),
                "annotations": _mapping(obj["metadata"].get("annotations")),
            },
        )
    )
    if metadata:
        changed["metadata"] = metadata
    return changed


def _mapping(old: Any) -> Made:
    return st.dictionaries(
        st.sampled_from([*sorted(old or {}), "new", "app"]), st.one_of(TEXTS, st.none()), min_size=1, max_size=2
    )


DIRECTIVES = st.sampled_from(["delete", "replace", "merge"])
IDENTITIES = ("name", "containerPort", "port", "mountPath", "protocol")


@st.composite
def _changed(draw: st.DrawFn, value: Any, *, key: str = "") -> Any:
    """Keep a part of the value, change scalars, add and delete."""
    if isinstance(value, dict):
        if draw(st.integers(0, 19)) == 0:
            return None if key and key != "template" else {}
        result: Object = {}
        for name, item in value.items():
            if name in IDENTITIES and draw(st.integers(0, 7)):
                result[name] = item
            elif draw(st.booleans()):
                result[name] = draw(_changed(item, key=name))
        if draw(st.integers(0, 9)) == 0:
            result["$patch"] = draw(DIRECTIVES)
        return result
    if isinstance(value, list):
        items = [draw(_changed(item)) for item in value if draw(st.booleans())]
        if value and isinstance(value[0], dict) and draw(st.integers(0, 3)) == 0:
            new = dict(value[0])
            new.update({name: draw(st.sampled_from(["new", "side", "B"])) for name in ("name",) if name in new})
            items.insert(draw(st.integers(0, len(items))), new)
        if draw(st.integers(0, 19)) == 0:
            items.append({"$patch": "replace"})
        return draw(st.permutations(items))
    choice = draw(st.integers(0, 5))
    if choice == 0:
        return None
    if choice < 3:
        return value
    if isinstance(value, str):
        return draw(TEXTS)
    return draw(st.integers(0, 9)) if isinstance(value, int) and not isinstance(value, bool) else value


@st.composite
def strategic(draw: st.DrawFn) -> tuple[Object, Object]:
    obj: Object = draw(COMMON)
    return obj, draw(fragment(obj))


@st.composite
def merging(draw: st.DrawFn) -> tuple[Object, Object]:
    obj: Object = draw(OBJECTS)
    return obj, draw(fragment(obj))


@st.composite
def operations(draw: st.DrawFn) -> tuple[Object, list[Object]]:
    return draw(COMMON), draw(JSON_PATCHES)
