from __future__ import annotations

from fluxsim.formats.kustomize.names import content_hash
from tests.formats.kustomize.overlay import names

WITHOUT = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: a.b}
---
apiVersion: v1
kind: Namespace
metadata: {name: n}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.b}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
"""


def test_some_kinds_keep_their_names() -> None:
    assert names("resources: [x.yaml]\nnamePrefix: p-\nnameSuffix: -s", {"x.yaml": WITHOUT}) == [
        "CustomResourceDefinition/a.b",
        "Namespace/n",
        "APIService/v1.b",
        "ClusterRole/p-r-s",
    ]


def test_a_hash_comes_after_the_suffix() -> None:
    (name,) = names("configMapGenerator: [{name: a, literals: [x=1]}]\nnamePrefix: p-\nnameSuffix: -s")
    assert name.startswith("ConfigMap/p-a-s-")
    assert len(name) == len("ConfigMap/p-a-s-") + 10


def test_the_hash_is_of_the_data_alone() -> None:
    plain = {"kind": "ConfigMap", "data": {"a": "b"}, "metadata": {"name": "x"}}
    other = {"kind": "ConfigMap", "data": {"a": "b"}, "metadata": {"name": "y", "labels": {"l": "m"}}}
    assert content_hash(plain) == content_hash(other) == "4h2mbtbbt6"
    assert content_hash({**plain, "binaryData": {"c": "AA=="}}) != content_hash(plain)
    assert content_hash({**plain, "kind": "Secret", "type": "Opaque"}) != content_hash(plain)


def test_missing_data_is_hashed_as_empty_text() -> None:
    assert content_hash({"kind": "ConfigMap"}) != content_hash({"kind": "ConfigMap", "data": {}})
