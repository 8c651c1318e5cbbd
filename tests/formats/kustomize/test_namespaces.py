from __future__ import annotations

from tests.formats.kustomize.overlay import CONFIG_MAP, failure, objects

CLUSTER = """\
apiVersion: v1
kind: Namespace
metadata: {name: old}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
---
apiVersion: example.com/v1
kind: Unknown
metadata: {name: x, namespace: elsewhere}
"""
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects:
- {kind: ServiceAccount, name: default, namespace: old}
- {kind: ServiceAccount, name: runner, namespace: old}
- {kind: ServiceAccount, name: mine, namespace: default}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: mine}
"""


def test_namespaces_are_renamed_and_what_has_none_stays_without() -> None:
    made = objects("resources: [x.yaml]\nnamespace: new", {"x.yaml": CLUSTER})
    assert [object_["metadata"] for object_ in made] == [
        {"name": "new"},
        {"name": "reader"},
        {"name": "x", "namespace": "new"},
    ]


def test_of_the_subjects_only_default_and_those_in_the_build_follow() -> None:
    binding, _ = objects("resources: [x.yaml]\nnamespace: new", {"x.yaml": BINDING})
    assert [(subject["name"], subject["namespace"]) for subject in binding["subjects"]] == [
        ("default", "new"),
        ("runner", "old"),
        ("mine", "new"),
    ]


def test_an_empty_namespace_changes_nothing() -> None:
    assert "namespace" not in objects("resources: [settings.yaml]\nnamespace: ''")[0]["metadata"]


def test_two_objects_that_would_become_one_are_refused() -> None:
    twins = "\n---\n".join(
        CONFIG_MAP.replace("name: settings", f"name: settings\n  namespace: {name}") for name in "ab"
    )
    text = failure("resources: [x.yaml]\nnamespace: new", {"x.yaml": twins})
    assert text.startswith("namespace transformation produces ID conflict: [{")
    assert '"internal.config.kubernetes.io/previousNamespaces":"a"' in text


def test_a_blank_namespace_of_a_subject_is_refused() -> None:
    blank = BINDING.replace("ClusterRoleBinding", "RoleBinding").replace("namespace: old", "namespace: ")
    assert failure("resources: [x.yaml]", {"x.yaml": blank}) == (
        'Invalid Input: namespace is blank for resource "RoleBinding.v1.rbac.authorization.k8s.io/reader.[noNs]"\n'
    )
