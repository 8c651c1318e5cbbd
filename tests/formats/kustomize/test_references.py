from __future__ import annotations

import pytest

from tests.formats.kustomize.overlay import failure, objects

TEMPLATE = """\
apiVersion: %s
kind: %s
metadata: {name: user}
%s
---
apiVersion: %s
kind: %s
metadata: {name: used}
"""


@pytest.mark.parametrize(
    ("referrer", "body", "target"),
    [
        (("v1", "Pod"), "spec: {volumes: [{configMap: {name: used}}]}", ("v1", "ConfigMap")),
        (
            ("batch/v1", "CronJob"),
            "spec: {jobTemplate: {spec: {template: {spec: {serviceAccountName: used}}}}}",
            ("v1", "ServiceAccount"),
        ),
        (("apps/v1", "StatefulSet"), "spec: {serviceName: used}", ("v1", "Service")),
        (("networking.k8s.io/v1", "Ingress"), "spec: {tls: [{secretName: used}]}", ("v1", "Secret")),
        (
            ("networking.k8s.io/v1", "Ingress"),
            "spec: {rules: [{http: {paths: [{backend: {service: {name: used}}}]}}]}",
            ("v1", "Service"),
        ),
        (
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            "spec: {scaleTargetRef: {name: used}}",
            ("apps/v1", "Deployment"),
        ),
        (("v1", "PersistentVolumeClaim"), "spec: {storageClassName: used}", ("storage.k8s.io/v1", "StorageClass")),
        (("rbac.authorization.k8s.io/v1", "Role"), "rules: [{resourceNames: [other, used]}]", ("v1", "Secret")),
        (("v1", "ServiceAccount"), "imagePullSecrets: [{name: used}]", ("v1", "Secret")),
        (
            ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
            "webhooks: [{clientConfig: {service: {name: used}}}]",
            ("v1", "Service"),
        ),
    ],
)
def test_a_reference_follows_its_object(referrer: tuple[str, str], body: str, target: tuple[str, str]) -> None:
    text = TEMPLATE % (*referrer, body, *target)
    user, _ = objects("resources: [x.yaml]\nnamePrefix: my-", {"x.yaml": text})
    assert "'my-used'" in str(user)
    assert "'used'" not in str(user)


def test_a_name_that_no_object_in_the_build_has_stays() -> None:
    made = objects("resources: [deployment.yaml]\nnamePrefix: my-")
    assert made[0]["spec"]["template"]["spec"]["containers"][0]["envFrom"] == [{"configMapRef": {"name": "settings"}}]


def test_values_and_custom_resources_are_no_references() -> None:
    text = TEMPLATE % ("example.com/v1", "Custom", "spec: {configMapRef: {name: used}}", "v1", "ConfigMap")
    user, _ = objects("resources: [x.yaml]\nnamePrefix: my-", {"x.yaml": text})
    assert user["spec"] == {"configMapRef": {"name": "used"}}


def test_a_role_reference_follows_the_kind_that_it_names() -> None:
    group = "rbac.authorization.k8s.io"
    text = "\n---\n".join(
        [
            f"apiVersion: {group}/v1\nkind: RoleBinding\nmetadata: {{name: b}}\nroleRef: {{apiGroup: {group}, kind: Role, name: r}}",
            f"apiVersion: {group}/v1\nkind: ClusterRole\nmetadata: {{name: r}}",
        ]
    )
    binding, _ = objects("resources: [x.yaml]\nnamePrefix: my-", {"x.yaml": text})
    assert binding["roleRef"]["name"] == "r"


BASES: dict[str, str | bytes] = {
    "a/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: a-",
    "b/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: b-",
    "a/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}",
    "b/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}",
}


def test_of_several_candidates_the_one_of_the_same_layer_is_meant() -> None:
    pod = "\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{configMap: {name: settings}}]}"
    files = {**BASES, "b/x.yaml": str(BASES["b/x.yaml"]) + pod}
    made = objects("resources: [a, b]", files)
    assert made[2]["spec"]["volumes"] == [{"configMap": {"name": "b-settings"}}]


def test_candidates_of_other_layers_are_not_meant() -> None:
    made = objects("resources: [a, b, deployment.yaml]", BASES)
    assert made[2]["spec"]["template"]["spec"]["containers"][0]["envFrom"] == [{"configMapRef": {"name": "settings"}}]


def test_candidates_that_cannot_be_told_apart_are_refused() -> None:
    text = failure("resources: [a, b, deployment.yaml]\nnamePrefix: my-", BASES)
    assert text.startswith(
        "updating name reference in 'spec/template/spec/containers/envFrom/configMapRef/name' field of "
        "'Deployment.v1.apps/my-shop.[noNs]': considering field "
    )
    assert (
        "found multiple possible referrals: ConfigMap.v1.[noGrp]/my-a-settings.[noNs], ConfigMap.v1.[noGrp]/my-b-settings"
        in text
    )


def test_a_namespace_tells_candidates_apart() -> None:
    twins = "\n---\n".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, namespace: {name}}}" for name in ("one", "two")
    )
    pod = "\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: two}\nspec: {volumes: [{configMap: {name: settings}}]}"
    files: dict[str, str | bytes] = {"x.yaml": twins + pod}
    patch = 'patches: [{target: {kind: ConfigMap, namespace: two}, patch: \'[{"op": "replace", "path": "/metadata/name", "value": "new"}]\'}]'
    made = objects(f"resources: [x.yaml]\n{patch}", files)
    assert made[2]["spec"]["volumes"] == [{"configMap": {"name": "new"}}]
