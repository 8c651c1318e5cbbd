from __future__ import annotations

import pytest

from fluxsim.formats.tree import Json, get
from fluxsim.kube.errors import Invalid
from fluxsim.kube.meta import DEPLOYMENT, NAMESPACE, POD, SERVICE, Key
from tests.kube.ground import Ground, deployment, namespace

WEB = Key(DEPLOYMENT, "shop", "web")
IMAGE = "registry.test/web:1.0"


def container(**fields: Json) -> Json:
    return {"name": "web", "image": IMAGE, **fields}


def made(**fields: Json) -> Json:
    """Return the only container of a Deployment as it is stored."""
    stored = Ground().store.create(deployment(containers=[container(**fields)]))
    return stored["spec"]["template"]["spec"]["containers"][0]


def refused(obj: Json) -> str:
    with pytest.raises(Invalid) as invalid:
        Ground().store.create(obj)
    return invalid.value.message


def refused_change(patch: Json) -> str:
    store = Ground().store
    store.create(deployment())
    with pytest.raises(Invalid) as invalid:
        store.patch(WEB, patch)
    return invalid.value.message


# -- defaults


def test_a_deployment_gets_its_defaults() -> None:
    spec = Ground().store.create(deployment())["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }


def test_each_step_of_the_strategy_has_its_own_default() -> None:
    spec = Ground().store.create(deployment(strategy={"rollingUpdate": {"maxSurge": 2}}))["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 2, "maxUnavailable": "25%"}
    spec = Ground().store.create(deployment(strategy={"type": "Recreate"}))["spec"]
    assert spec["strategy"] == {"type": "Recreate"}


def test_what_is_written_is_no_default() -> None:
    spec = Ground().store.create(deployment(replicas=0, revisionHistoryLimit=0))["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"]) == (0, 0)


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("web", "Always"),
        ("web:latest", "Always"),
        ("localhost:5000/web", "Always"),
        ("web:1.0", "IfNotPresent"),
        ("web@sha256:" + 64 * "0", "IfNotPresent"),
        ("web:latest@sha256:" + 64 * "0", "Always"),
    ],
)
def test_the_pull_policy_follows_from_the_tag(image: str, policy: str) -> None:
    assert made(image=image)["imagePullPolicy"] == policy


def test_the_pull_policy_stays_when_the_tag_changes() -> None:
    store = Ground().store
    store.apply(deployment(containers=[container(image="registry.test/web:latest")]), manager="flux")
    applied = store.apply(deployment(containers=[container(image="registry.test/web:2.0")]), manager="flux")
    assert get(applied, "spec", "template", "spec", "containers", 0, "imagePullPolicy") == "Always"


def test_probes_and_ports_get_their_defaults() -> None:
    stored = made(ports=[{"containerPort": 80}], readinessProbe={"httpGet": {"port": 80}}, livenessProbe={"exec": {}})
    assert stored["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert stored["readinessProbe"] == {
        "httpGet": {"port": 80, "scheme": "HTTP", "path": "/"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert stored["livenessProbe"]["periodSeconds"] == 10
    assert "startupProbe" not in stored


def test_sources_of_files_and_variables_get_their_defaults() -> None:
    variable = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    obj = deployment(containers=[container(env=[{"name": "A", "value": "b"}, variable])])
    obj["spec"]["template"]["spec"]["volumes"] = [
        {"name": "v", "configMap": {"name": "c"}},
        {"name": "e", "emptyDir": {}},
    ]
    spec = Ground().store.create(obj)["spec"]["template"]["spec"]
    assert spec["containers"][0]["env"][1]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert spec["volumes"] == [
        {"name": "v", "configMap": {"name": "c", "defaultMode": 420}},
        {"name": "e", "emptyDir": {}},
    ]


def test_a_pod_begins_pending() -> None:
    def pod(**resources: Json) -> Json:
        metadata = {"name": "p", "namespace": "shop"}
        spec = {"containers": [container(resources=resources)]}
        return Ground().store.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    assert pod()["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    both = {"cpu": "1", "memory": "1Gi"}
    limited = pod(limits=both)
    assert limited["spec"]["containers"][0]["resources"] == {"limits": both, "requests": both}
    assert limited["status"]["qosClass"] == "Guaranteed"
    assert pod(requests={"cpu": "1"})["status"]["qosClass"] == "Burstable"


def test_a_template_gets_no_requests_from_limits() -> None:
    assert made(resources={"limits": {"cpu": "1"}})["resources"] == {"limits": {"cpu": "1"}}


def test_a_namespace_is_active_and_labelled_with_its_name() -> None:
    stored = Ground().store.create(namespace("bar"))
    assert stored["metadata"]["labels"] == {"kubernetes.io/metadata.name": "bar"}
    assert (stored["spec"], stored["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})


def test_a_service_gets_its_ports() -> None:
    store = Ground().store
    metadata = {"name": "web", "namespace": "shop"}
    store.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}})
    spec = store.need(Key(SERVICE, "shop", "web"))["spec"]
    assert (spec["type"], spec["ports"]) == ("ClusterIP", [{"port": 80, "protocol": "TCP", "targetPort": 80}])


def test_what_did_not_change_is_shared() -> None:
    store = Ground().store
    old = store.create(deployment())
    new = store.patch(WEB, {"spec": {"replicas": 3}})
    assert new["spec"]["template"] is old["spec"]["template"]
    assert store.patch(WEB, {"metadata": {"labels": {"a": "b"}}})["spec"] is new["spec"]


def test_flux_objects_are_checked_by_their_schema() -> None:
    policy = {
        "apiVersion": "image.toolkit.fluxcd.io/v1",
        "kind": "ImagePolicy",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"policy": {"alphabetical": {}}},
    }
    assert "[spec.imageRepositoryRef: Required value, " in refused(policy)


# -- refusals, word for word


def test_the_selector_must_match_the_template() -> None:
    obj = deployment(selector={"matchLabels": {"app": "other"}})
    assert refused(obj) == (
        'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: '
        "`selector` does not match template `labels`"
    )


def test_the_selector_must_be_there_and_say_something() -> None:
    obj = deployment()
    del obj["spec"]["selector"]
    assert refused(obj) == 'Deployment.apps "web" is invalid: spec.selector: Required value'
    assert refused(deployment(selector={})) == (
        'Deployment.apps "web" is invalid: spec.selector: Invalid value: {}: empty selector is invalid for deployment'
    )


def test_the_selector_is_immutable() -> None:
    changed = {"matchLabels": {"app": "web", "tier": "front"}}
    labels = {"app": "web", "tier": "front"}
    assert refused_change({"spec": {"selector": changed, "template": {"metadata": {"labels": labels}}}}) == (
        'Deployment.apps "web" is invalid: spec.selector: Invalid value: '
        '{"matchLabels":{"app":"web","tier":"front"}}: field is immutable'
    )


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert refused_change({"spec": {"selector": {"matchLabels": {"app": "x"}}}}) == (
        'Deployment.apps "web" is invalid: [spec.template.metadata.labels: Invalid value: {"app":"web"}: '
        "`selector` does not match template `labels`, spec.selector: Invalid value: "
        '{"matchLabels":{"app":"x"}}: field is immutable]'
    )


def test_a_refusal_says_which_field_and_why() -> None:
    with pytest.raises(Invalid) as invalid:
        Ground().store.create(deployment(replicas=-1))
    assert invalid.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": (
            'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
        ),
        "reason": "Invalid",
        "code": 422,
        "details": {
            "name": "web",
            "group": "apps",
            "kind": "Deployment",
            "causes": [
                {
                    "reason": "FieldValueInvalid",
                    "message": "Invalid value: -1: must be greater than or equal to 0",
                    "field": "spec.replicas",
                }
            ],
        },
    }


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}},
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": "120%"}}},
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "120%": must not be greater than 100%',
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": "2"}}},
            (
                'spec.strategy.rollingUpdate.maxSurge: Invalid value: "2": a valid percent string must be a numeric string '
                "followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            ),
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": -1}}},
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"strategy": {"type": "BlueGreen"}},
            (
                'spec.strategy: Unsupported value: {"Type":"BlueGreen","RollingUpdate":null}: '
                'supported values: "Recreate", "RollingUpdate"'
            ),
        ),
        (
            {"progressDeadlineSeconds": 30, "minReadySeconds": 30},
            "spec.progressDeadlineSeconds: Invalid value: 30: must be greater than minReadySeconds",
        ),
        (
            {"revisionHistoryLimit": -2},
            "spec.revisionHistoryLimit: Invalid value: -2: must be greater than or equal to 0",
        ),
    ],
)
def test_a_strategy_that_cannot_work_is_refused(spec: Json, told: str) -> None:
    assert refused(deployment(**spec)) == f'Deployment.apps "web" is invalid: {told}'


@pytest.mark.parametrize(
    "spec", [{"maxSurge": "150%"}, {"maxSurge": 0, "maxUnavailable": "1%"}, {"maxUnavailable": "100%"}]
)
def test_a_wide_strategy_is_not(spec: Json) -> None:
    Ground().store.create(deployment(strategy={"rollingUpdate": spec}))


@pytest.mark.parametrize(
    ("containers", "told"),
    [
        ([container(image="")], ".containers[0].image: Required value"),
        ([{"image": IMAGE}], ".containers[0].name: Required value"),
        ([container(), container()], '.containers[1].name: Duplicate value: "web"'),
        (
            [container(image=" a")],
            '.containers[0].image: Invalid value: " a": must not have leading or trailing whitespace',
        ),
        (
            [container(imagePullPolicy="Sometimes")],
            (
                '.containers[0].imagePullPolicy: Unsupported value: "Sometimes": '
                'supported values: "Always", "IfNotPresent", "Never"'
            ),
        ),
        (
            [container(name="Web")],
            (
                '.containers[0].name: Invalid value: "Web": a lowercase RFC 1123 label must consist of lower case '
                "alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
                "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            ),
        ),
    ],
)
def test_a_container_that_cannot_start_is_refused(containers: Json, told: str) -> None:
    assert refused(deployment(containers=containers)) == (f'Deployment.apps "web" is invalid: spec.template.spec{told}')


def test_a_template_needs_a_container() -> None:
    obj = deployment()
    obj["spec"]["template"]["spec"]["containers"] = []
    assert refused(obj) == 'Deployment.apps "web" is invalid: spec.template.spec.containers: Required value'


def test_a_deployments_pods_always_start_again() -> None:
    obj = deployment()
    obj["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    assert refused(obj) == (
        'Deployment.apps "web" is invalid: spec.template.spec.restartPolicy: '
        'Unsupported value: "Never": supported values: "Always"'
    )


def test_a_name_is_lower_case() -> None:
    obj = deployment()
    obj["metadata"]["name"] = "Web_1"
    assert refused(obj).startswith(
        'Deployment.apps "Web_1" is invalid: metadata.name: Invalid value: "Web_1": '
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
        "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    )


def test_a_change_that_breaks_a_rule_leaves_the_object() -> None:
    store = Ground().store
    before = store.create(deployment())
    with pytest.raises(Invalid):
        store.patch(WEB, {"spec": {"replicas": -3}})
    assert store.need(WEB) is before
    assert store.keys(POD) == []
    assert store.keys(NAMESPACE) == [Key(NAMESPACE, "", "shop")]
