"""Generated trees of kustomizations: a base, perhaps a component, and one or two overlays on it."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from tests.differential.manifests import (
    ANNOTATIONS,
    LABELS,
    NAMES,
    NAMESPACES,
    RESOURCES,
    TEXTS,
    Made,
    Object,
    documents,
    listed,
    some,
)
from tests.differential.patches import JSON_PATCHES, fragment

KINDS = st.sampled_from(["Deployment", "Service", "ConfigMap", "StatefulSet", "Widget"])
SELECTORS = some(
    {},
    {
        "kind": st.sampled_from(["Deployment", "Service", ".*", "Config.*", "Deploy"]),
        "name": st.sampled_from(["app", "web", "a.*", ".*", "pre-app"]),
        "namespace": NAMESPACES,
        "group": st.sampled_from(["apps", "batch", ""]),
        "version": st.just("v1"),
        "labelSelector": st.sampled_from(["app=web", "app", "!tier", "app in (x, web)", "app!=x"]),
        "annotationSelector": st.sampled_from(["app=x", "a-b"]),
    },
)
LABEL = some({"pairs": LABELS}, {"includeSelectors": st.booleans(), "includeTemplates": st.booleans()})
IMAGE = some(
    {"name": st.sampled_from(["nginx", "ghcr.io/acme/app", "localhost:5000/web", "redis", "acme/db", "other"])},
    {
        "newName": st.sampled_from(["mirror.example/nginx", "httpd"]),
        "newTag": st.sampled_from(["1.26", "v2", "latest", "7"]),
        "digest": st.just("sha256:" + "1" * 64),
        "tagSuffix": st.just("-x"),
    },
)
REPLICA = some({"name": NAMES, "count": st.integers(0, 3)}, {})
OPTIONS = some(
    {},
    {"labels": LABELS, "annotations": ANNOTATIONS, "disableNameSuffixHash": st.booleans(), "immutable": st.booleans()},
)
LITERALS = st.lists(
    st.tuples(st.sampled_from(["k", "a.txt", "B"]), TEXTS).map("=".join), max_size=2, unique_by=lambda text: text[0]
)
BEHAVIORS = st.sampled_from(["create", "merge", "replace"])
GENERATOR: dict[str, Made] = {
    "literals": LITERALS,
    "files": st.sampled_from([["settings.txt"], ["key=settings.txt"], ["settings.txt", "b=binary.bin"]]),
    "envs": st.just(["values.env"]),
    "behavior": BEHAVIORS,
    "namespace": NAMESPACES,
    "options": OPTIONS,
}
CONFIG_MAP = some({"name": NAMES}, GENERATOR)
SECRET = some({"name": NAMES}, {**GENERATOR, "type": st.sampled_from(["Opaque", "kubernetes.io/tls"])})
PATHS = st.sampled_from(
    ["metadata.name", "metadata.labels.app", "metadata.annotations.[example.com/owner]", "spec.replicas", "data.k",
     "spec.template.spec.containers.0.image", "spec.template.spec.containers.[name=main].image",
     "spec.template.spec.containers.*.env.*.value", "spec.deep.a"]
)  # fmt: skip
FIELD_OPTIONS = some(
    {}, {"delimiter": st.sampled_from([":", "/", "-"]), "index": st.integers(-1, 2), "create": st.booleans()}
)
REPLACEMENT = some(
    {
        "source": some({"kind": KINDS, "name": NAMES}, {"fieldPath": PATHS, "options": FIELD_OPTIONS}),
        "targets": listed(
            some(
                {"select": SELECTORS},
                {"fieldPaths": listed(PATHS, least=1), "options": FIELD_OPTIONS, "reject": listed(SELECTORS, 1)},
            ),
            least=1,
        ),
    },
    {},
)


def _text(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


@st.composite
def patch_entry(draw: st.DrawFn, objects: list[Object]) -> Object:
    """A patch for one of the objects, or for what a selector finds."""
    chosen = draw(st.sampled_from(objects))
    if draw(st.integers(0, 2)) == 0:
        target = (
            {"kind": chosen["kind"], "name": chosen["metadata"]["name"]} if draw(st.booleans()) else draw(SELECTORS)
        )
        return {"patch": _text(draw(JSON_PATCHES)), "target": target}
    patch = {
        "apiVersion": chosen["apiVersion"],
        "kind": chosen["kind"],
        "metadata": {"name": chosen["metadata"]["name"]},
    }
    if "namespace" in chosen["metadata"] and draw(st.integers(0, 3)):
        patch["metadata"]["namespace"] = chosen["metadata"]["namespace"]
    changes: Object = draw(fragment(chosen))
    patch["metadata"].update(changes.pop("metadata", {}))
    entry: Object = {"patch": _text({**patch, **changes})}
    if draw(st.integers(0, 3)) == 0:
        entry["target"] = draw(SELECTORS)
        entry.update(
            draw(some({}, {"options": some({}, {"allowNameChange": st.booleans(), "allowKindChange": st.just(False)})}))
        )
    return entry


def fields(objects: list[Object]) -> Made:
    """What one kustomization says beside its resources."""
    return (
        some(
            {},
            {
                "namespace": NAMESPACES,
                "namePrefix": st.sampled_from(["pre-", "p"]),
                "nameSuffix": st.sampled_from(["-post", "s"]),
                "labels": listed(LABEL),
                "commonLabels": LABELS,
                "commonAnnotations": ANNOTATIONS,
                "images": listed(IMAGE, 3),
                "replicas": listed(REPLICA, 1),
                "patches": listed(patch_entry(objects), 3),
                "configMapGenerator": listed(CONFIG_MAP),
                "secretGenerator": listed(SECRET, 1),
                "generatorOptions": OPTIONS,
            },
        )
        .map(dict)
        .flatmap(_thinned)
    )


@st.composite
def _thinned(draw: st.DrawFn, said: Object) -> Object:
    """Keep three fields: of many, one is nearly always refused, and then nothing is compared but the refusal."""
    kept = draw(st.lists(st.sampled_from(sorted(said)), max_size=3, unique=True)) if said else []
    return {key: said[key] for key in kept}


def _layer(directory: str, kustomization: Object) -> dict[str, str | bytes]:
    return {
        f"{directory}/kustomization.yaml": _text(kustomization),
        f"{directory}/settings.txt": "first line\nsecond: 2\n",
        f"{directory}/binary.bin": b"\xff\x00\x01",
        f"{directory}/values.env": '# comment\nA=1\n\nB="quoted"\nC=a=b\n',
    }


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | bytes]:
    """The files; what is to be built is the directory "top"."""
    objects: list[Object] = draw(RESOURCES)
    split = draw(st.integers(0, len(objects)))
    files: dict[str, str | bytes] = {"base/all.yaml": documents(objects[:split]) or "# nothing\n"}
    files |= _layer("base", {"resources": ["all.yaml"], **draw(fields(objects))})
    below = "../base"
    if draw(st.booleans()):
        files |= _layer("middle", {"resources": [below], **draw(fields(objects))})
        below = "../middle"
    top: Object = {"resources": [below], **draw(fields(objects))}
    if split < len(objects):
        top["resources"].append("more.yaml")
        files["top/more.yaml"] = documents(objects[split:])
    if draw(st.integers(0, 2)) == 0:
        component = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", **draw(fields(objects))}
        files |= _layer("extra", component)
        top["components"] = ["../extra"]
    if draw(st.integers(0, 4)) == 0:
        top["replacements"] = draw(listed(REPLACEMENT, least=1))
    top.update(
        draw(some({}, {"sortOptions": st.sampled_from([{"order": "fifo"}, {"order": "legacy"}])}))
        if draw(st.integers(0, 4)) == 0
        else {}
    )
    return files | _layer("top", top)
