from __future__ import annotations

from collections.abc import Callable

import pytest

from fluxsim.formats.tree import Json, evolve, without
from fluxsim.kube.errors import AlreadyExists, BadRequest, Conflict, Forbidden, Invalid, NoKindMatch, NotFound
from fluxsim.kube.meta import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, REPLICA_SET, Key, Kind
from fluxsim.kube.store import Change
from tests.kube.ground import Ground, config_map, deployment, key, namespace, version

SHOP = Key(NAMESPACE, "", "shop")
WEB = Key(DEPLOYMENT, "shop", "web")


def owned(name: str, owner: Json) -> Json:
    reference = {"apiVersion": "apps/v1", "kind": owner["kind"], "name": "x", "uid": owner["metadata"]["uid"]}
    return config_map(name, metadata={"ownerReferences": [reference | {"controller": True}]})


def pod(name: str, **spec: Json) -> Json:
    containers = [{"name": "web", "image": "registry.test/web:1.0"}]
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}}


# -- reading


def test_what_is_not_there_is_none_or_not_found() -> None:
    store = Ground().store
    assert store.get(key("nothing")) is None
    with pytest.raises(NotFound, match=r'^configmaps "nothing" not found$') as missing:
        store.need(key("nothing"))
    assert missing.value.status()["details"] == {"name": "nothing", "kind": "configmaps"}
    with pytest.raises(NotFound, match=r'^deployments\.apps "web" not found$') as missing:
        store.need(WEB)
    assert missing.value.status()["details"]["group"] == "apps"


def test_objects_are_listed_by_namespace_and_name() -> None:
    store = Ground().store
    store.create(namespace("bar"))
    for name, where in (("b", "shop"), ("a", "shop"), ("c", "bar")):
        store.create(config_map(name, metadata={"namespace": where, "labels": {"part": name}}))
    assert [key.name for key in store.keys(CONFIG_MAP)] == ["c", "a", "b"]
    assert [obj["metadata"]["name"] for obj in store.list(CONFIG_MAP, "shop")] == ["a", "b"]
    assert [obj["metadata"]["name"] for obj in store.list(CONFIG_MAP, labels={"part": "b"})] == ["b"]
    assert store.list(CONFIG_MAP, "nowhere") == []
    assert store.kinds() == [CONFIG_MAP, NAMESPACE]


def test_nobody_can_change_what_is_stored() -> None:
    given = config_map(colour="red")
    stored = Ground().store.create(given)
    given["data"]["colour"] = "blue"
    assert stored["data"] == {"colour": "red"}
    with pytest.raises(TypeError, match="frozen"):
        stored["data"]["colour"] = "blue"


# -- versions


def test_every_write_takes_the_next_version_of_all() -> None:
    store = Ground().store
    first = store.create(config_map("a"))
    second = store.create(config_map("b"))
    third = store.patch(key("a"), {"data": {"colour": "red"}})
    assert [version(obj) - version(first) for obj in (first, second, third)] == [0, 1, 2]
    assert store.version == third["metadata"]["resourceVersion"]


def test_a_write_that_changes_nothing_is_none() -> None:
    ground = Ground()
    before = ground.store.create(config_map(colour="red"))
    count = len(ground.log.events)
    assert ground.store.patch(key(), {"data": {"colour": "red"}}, manager="you") is before
    assert len(ground.log.events) == count


def test_identity_is_the_servers() -> None:
    ground = Ground()
    ground.run(60)
    made = ground.store.create(config_map(metadata={"uid": "mine", "creationTimestamp": "1999-01-01T00:00:00Z"}))
    assert made["metadata"]["creationTimestamp"] == "2026-01-01T00:01:00Z"
    assert made["metadata"]["uid"] != "mine"
    changed = ground.store.patch(key(), {"metadata": {"uid": "mine", "labels": {"a": "b"}}})
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]


def test_an_object_made_again_is_another_one() -> None:
    store = Ground().store
    first = store.create(config_map())
    store.delete(key())
    assert store.create(config_map())["metadata"]["uid"] != first["metadata"]["uid"]


def test_a_name_is_taken_once() -> None:
    store = Ground().store
    store.create(config_map())
    with pytest.raises(AlreadyExists, match=r'^configmaps "settings" already exists$'):
        store.create(config_map())


def test_an_old_version_conflicts() -> None:
    store = Ground().store
    old = store.create(config_map(colour="red"))
    store.patch(key(), {"data": {"colour": "blue"}})
    text = (
        'Operation cannot be fulfilled on configmaps "settings": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    writes: list[Callable[[], object]] = [
        lambda: store.update(old),
        lambda: store.replace(old, evolve(old, ("data", "colour"), "green")),
        lambda: store.update(config_map(), if_version=old["metadata"]["resourceVersion"]),
        lambda: store.patch(key(), {"metadata": {"resourceVersion": "1"}, "data": {"colour": "green"}}),
    ]
    for write in writes:
        with pytest.raises(Conflict) as conflict:
            write()
        assert conflict.value.message == text
    assert store.need(key())["data"] == {"colour": "blue"}


def test_an_update_without_a_version_wins() -> None:
    store = Ground().store
    store.create(config_map(colour="red"))
    assert store.update(config_map(colour="blue"))["data"] == {"colour": "blue"}


def test_an_object_keeps_its_name() -> None:
    store = Ground().store
    store.create(config_map())
    with pytest.raises(
        BadRequest, match=r"name of the object \(other\) does not match the name on the URL \(settings\)"
    ):
        store.patch(key(), {"metadata": {"name": "other"}})


# -- where an object may be


def test_an_object_needs_a_name_and_a_namespace_that_is_there() -> None:
    store = Ground().store
    with pytest.raises(Invalid, match=r'ConfigMap "" is invalid: metadata\.name: Required value: name or generateName'):
        store.create(config_map(""))
    with pytest.raises(Invalid, match=r'ConfigMap "settings" is invalid: metadata\.namespace: Required value'):
        store.create(config_map(metadata={"namespace": ""}))
    with pytest.raises(NotFound, match=r'^namespaces "bar" not found$'):
        store.create(config_map(metadata={"namespace": "bar"}))


def test_a_cluster_scoped_object_forgets_its_namespace() -> None:
    store = Ground().store
    made = store.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "x", "namespace": "y"},
        }
    )
    assert "namespace" not in made["metadata"]
    assert store.keys(Kind("ClusterRole", "rbac.authorization.k8s.io")) == [
        Key(Kind("ClusterRole", "rbac.authorization.k8s.io"), "", "x")
    ]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("apps/v1beta2", "Deployment"),
        ("extensions/v1beta1", "Ingress"),
        ("v1", "Widget"),
        ("image.toolkit.fluxcd.io/v1beta1", "ImagePolicy"),
        ("policy/v1", "PodSecurityPolicy"),
    ],
)
def test_what_the_server_does_not_serve_matches_no_kind(api_version: str, kind: str) -> None:
    with pytest.raises(NoKindMatch, match=f'^no matches for kind "{kind}" in version "{api_version}"$'):
        Ground().store.create({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "shop"}})


def test_a_foreign_kind_is_assumed_once() -> None:
    store = Ground().store
    for name in ("first", "second"):
        store.create({"apiVersion": "acme.test/v3", "kind": "Widget", "metadata": {"name": name, "namespace": "shop"}})
    assert store.assumed.kinds == {Kind("Widget", "acme.test"): Key(Kind("Widget", "acme.test"), "shop", "first")}


# -- generation


def test_a_spec_raises_the_generation() -> None:
    store = Ground().store
    assert store.create(deployment())["metadata"]["generation"] == 1
    assert store.patch(WEB, {"spec": {"replicas": 5}})["metadata"]["generation"] == 2
    assert store.patch(WEB, {"spec": {"paused": True}})["metadata"]["generation"] == 3


def test_of_metadata_only_a_deployments_annotations_raise_it() -> None:
    store = Ground().store
    store.create(deployment())
    assert store.patch(WEB, {"metadata": {"labels": {"a": "b"}}})["metadata"]["generation"] == 1
    assert store.patch(WEB, {"metadata": {"annotations": {"a": "b"}}})["metadata"]["generation"] == 2
    store.create(deployment() | {"kind": "ReplicaSet"})
    web = Key(REPLICA_SET, "shop", "web")
    assert store.patch(web, {"metadata": {"annotations": {"a": "b"}}})["metadata"]["generation"] == 1


def test_status_never_raises_it() -> None:
    store = Ground().store
    store.create(deployment())
    written = store.write_status(WEB, {"replicas": 1}, manager="me", annotations={"note": "x"})
    assert (written["metadata"]["generation"], written["metadata"]["annotations"]) == (1, {"note": "x"})


def test_a_kind_without_generation_has_none() -> None:
    assert "generation" not in Ground().store.create(config_map())["metadata"]


# -- status


def test_status_is_written_apart() -> None:
    store = Ground().store
    made = store.create(deployment() | {"status": {"replicas": 9}})
    assert "status" not in made
    store.write_status(WEB, {"replicas": 1}, manager="me")
    assert store.patch(WEB, {"status": {"replicas": 7}, "spec": {"replicas": 3}})["status"] == {"replicas": 1}
    assert store.update(deployment() | {"status": {"replicas": 7}})["status"] == {"replicas": 1}
    assert store.patch_status(WEB, {"replicas": None, "readyReplicas": 2}, manager="me")["status"] == {
        "readyReplicas": 2
    }


def test_an_equal_status_is_not_written() -> None:
    ground = Ground()
    ground.store.create(deployment())
    first = ground.store.write_status(WEB, {"replicas": 1}, manager="me")
    count = len(ground.log.events)
    assert ground.store.write_status(WEB, {"replicas": 1}, manager="me") is first
    assert len(ground.log.events) == count


def test_a_status_write_is_logged_as_such() -> None:
    ground = Ground()
    ground.store.create(deployment())
    ground.store.write_status(WEB, {"replicas": 1}, manager="deployment-controller")
    event = ground.log.events[-1]
    assert (event.kind, event.actor, event.data["subresource"]) == ("api.modified", "deployment-controller", "status")
    assert event.data["object"] is ground.store.need(WEB)


def test_a_beat_is_seen_by_nobody() -> None:
    ground = Ground()
    told: list[Change] = []
    ground.store.create(deployment())
    ground.store.watch(DEPLOYMENT, told.append)
    before, count = ground.store.need(WEB), len(ground.log.events)
    ground.store.beat(WEB, {"lastScanResult": {"scanTime": "now"}})
    after = ground.store.need(WEB)
    assert after["status"] == {"lastScanResult": {"scanTime": "now"}}
    assert (after["metadata"], told, len(ground.log.events)) == (before["metadata"], [], count)


def test_a_beat_survives_a_write_of_who_did_not_see_it() -> None:
    store = Ground().store
    old = store.create(deployment())
    store.beat(WEB, {"time": "now"})
    assert store.replace(old, evolve(old, ("spec", "replicas"), 4))["status"] == {"time": "now"}


def test_a_beat_for_what_is_gone_is_nothing() -> None:
    store = Ground().store
    store.beat(WEB, {"time": "now"})
    assert store.get(WEB) is None


def test_binding_gives_node_and_status_in_one_write() -> None:
    ground = Ground()
    ground.store.create(pod("p"))
    bound = ground.store.bind(Key(POD, "shop", "p"), "node-7", {"phase": "Running"}, actor="default-scheduler")
    assert (bound["spec"]["nodeName"], bound["status"], ground.log.events[-1].actor) == (
        "node-7",
        {"phase": "Running"},
        "default-scheduler",
    )


# -- deletion


def test_without_finalizers_an_object_goes_at_once() -> None:
    ground = Ground()
    ground.store.create(config_map())
    ground.store.delete(key(), manager="kubectl-delete")
    assert ground.store.get(key()) is None
    assert (ground.log.events[-1].kind, ground.log.events[-1].actor) == ("api.deleted", "kubectl-delete")
    with pytest.raises(NotFound):
        ground.store.delete(key())


def test_a_finalizer_holds_an_object_until_it_is_gone() -> None:
    ground = Ground()
    ground.store.create(config_map(metadata={"finalizers": ["a/b"]}))
    ground.run(5)
    ground.store.delete(key())
    held = ground.store.need(key())
    assert (held["metadata"]["deletionTimestamp"], held["metadata"]["deletionGracePeriodSeconds"]) == (
        "2026-01-01T00:00:05Z",
        0,
    )
    count = len(ground.log.events)
    ground.store.delete(key())
    assert len(ground.log.events) == count
    ground.store.replace(held, without(held, ("metadata", "finalizers")))
    assert ground.store.get(key()) is None
    assert ground.log.events[-1].kind == "api.deleted"


def test_nobody_takes_a_deletion_back() -> None:
    store = Ground().store
    store.create(config_map(metadata={"finalizers": ["a/b"]}))
    store.delete(key())
    changed = store.patch(key(), {"metadata": {"deletionTimestamp": None, "labels": {"a": "b"}}})
    assert "deletionTimestamp" in changed["metadata"]


def test_a_deletion_raises_the_generation() -> None:
    store = Ground().store
    store.create(evolve(deployment(), ("metadata", "finalizers"), ["a/b"]))
    store.delete(WEB)
    assert store.need(WEB)["metadata"]["generation"] == 2


def test_a_pod_with_a_node_gets_its_grace() -> None:
    ground = Ground()
    ground.store.create(pod("p", terminationGracePeriodSeconds=12))
    here = Key(POD, "shop", "p")
    ground.store.bind(here, "node-1", {"phase": "Running"}, actor="default-scheduler")
    ground.store.delete(here)
    assert ground.store.need(here)["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:12Z"
    ground.store.delete(here, at_once=True)
    assert ground.store.get(here) is None


def test_a_pod_without_a_node_goes_at_once() -> None:
    store = Ground().store
    store.create(pod("p"))
    store.delete(Key(POD, "shop", "p"))
    assert store.keys(POD) == []


def test_a_pod_that_is_over_goes_at_once() -> None:
    store = Ground().store
    store.create(pod("p"))
    store.bind(Key(POD, "shop", "p"), "node-1", {"phase": "Failed"}, actor="x")
    store.delete(Key(POD, "shop", "p"))
    assert store.keys(POD) == []


def test_nothing_new_goes_into_a_namespace_that_goes() -> None:
    store = Ground().store
    store.create(config_map())
    store.delete(SHOP)
    assert store.need(SHOP)["status"] == {"phase": "Terminating"}
    text = (
        'configmaps "new" is forbidden: unable to create new content in namespace shop because it is being terminated'
    )
    with pytest.raises(Forbidden) as refused:
        store.create(config_map("new"))
    assert refused.value.message == text
    with pytest.raises(Forbidden):
        store.apply(config_map("new"), manager="me")
    store.patch(key(), {"data": {"still": "works"}})
    store.delete(SHOP, at_once=True)
    assert store.get(SHOP) is None


# -- owners


def test_what_names_an_owner_is_found_by_its_uid() -> None:
    store = Ground().store
    owner = store.create(deployment())
    uid = owner["metadata"]["uid"]
    for name in ("b", "a"):
        store.create(owned(name, owner))
    assert [found.name for found in store.owned_by(uid)] == ["b", "a"]
    assert [obj["metadata"]["name"] for obj in store.owned(uid, CONFIG_MAP)] == ["b", "a"]
    assert store.owned(uid, POD) == []
    store.patch(key("b"), {"metadata": {"ownerReferences": None}})
    store.delete(key("a"))
    assert store.owned_by(uid) == store.owned_by("nobody") == []


# -- watches


def test_watchers_are_told_at_once_what_changed() -> None:
    ground = Ground()
    told: list[Change] = []
    ground.store.watch(CONFIG_MAP, told.append)
    made = ground.store.create(config_map(), manager="you")
    changed = ground.store.patch(key(), {"data": {"a": "b"}})
    ground.store.create(deployment())
    ground.store.delete(key())
    assert [(change.what, change.old, change.new, change.actor) for change in told] == [
        ("created", None, made, "you"),
        ("modified", made, changed, "kube-apiserver"),
        ("deleted", changed, None, "kube-apiserver"),
    ]
    assert [ground.log.events[change.seq].data["key"] for change in told] == ["ConfigMap/shop/settings"] * 3


def test_who_watches_a_kind_is_told_before_who_watches_all() -> None:
    store, told = Ground().store, list[str]()
    store.watch(None, lambda _change: told.append("all"))
    store.watch(CONFIG_MAP, lambda _change: told.append("kind"))
    store.create(config_map())
    assert told == ["kind", "all"]


def test_the_revision_of_a_kind_counts_its_changes() -> None:
    store = Ground().store
    before = store.revision_of(CONFIG_MAP)
    store.create(deployment())
    assert store.revision_of(CONFIG_MAP) == before
    store.create(config_map())
    store.delete(key())
    assert store.revision_of(CONFIG_MAP) == before + 2


# -- dry runs


def test_a_dry_run_changes_nothing_and_tells_nobody() -> None:
    ground = Ground()
    count, before = len(ground.log.events), ground.store.version
    assert ground.store.create(config_map(), dry_run=True)["metadata"]["uid"]
    assert ground.store.apply(config_map("b"), manager="me", dry_run=True)["data"] == {}
    assert (ground.store.keys(CONFIG_MAP), len(ground.log.events), ground.store.version) == ([], count, before)
    stored = ground.store.create(config_map())
    assert ground.store.patch(key(), {"data": {"a": "b"}}, dry_run=True)["data"] == {"a": "b"}
    assert ground.store.need(key()) is stored


def test_a_dry_run_refuses_what_the_write_would() -> None:
    store = Ground().store
    store.create(deployment())
    with pytest.raises(Invalid, match="field is immutable"):
        store.patch(WEB, {"spec": {"selector": {"matchLabels": {"app": "web", "new": "x"}}}}, dry_run=True)


# -- ownership of fields


def managers(obj: Json) -> list[tuple[str, str]]:
    return [(entry["manager"], entry["operation"]) for entry in obj["metadata"].get("managedFields", ())]


def test_a_named_manager_owns_what_it_writes() -> None:
    store = Ground().store
    made = store.create(config_map(colour="red"), manager="kubectl-create")
    assert managers(made) == [("kubectl-create", "Update")]
    changed = store.patch(key(), {"data": {"colour": "blue"}}, manager="kubectl-edit")
    assert managers(changed) == [("kubectl-create", "Update"), ("kubectl-edit", "Update")]


def test_an_unsigned_write_records_nothing() -> None:
    store = Ground().store
    assert managers(store.create(config_map(colour="red"), actor="replicaset-controller")) == []


def test_an_apply_conflicts_with_another_owner_unless_forced() -> None:
    store = Ground().store
    store.apply(config_map(colour="red"), manager="flux")
    with pytest.raises(Conflict, match=r'^Apply failed with 1 conflict: conflict with "flux": \.data\.colour$'):
        store.apply(config_map(colour="blue"), manager="you")
    assert store.apply(config_map(colour="blue"), manager="you", force=True)["data"] == {"colour": "blue"}


def test_an_apply_of_the_same_is_no_write() -> None:
    ground = Ground()
    applied = ground.store.apply(deployment(), manager="flux")
    count = len(ground.log.events)
    ground.run(60)
    assert ground.store.apply(deployment(), manager="flux") is applied
    assert len(ground.log.events) == count


def test_an_apply_leaves_status_alone() -> None:
    store = Ground().store
    store.apply(deployment(), manager="flux")
    store.write_status(WEB, {"replicas": 1}, manager="me")
    applied = store.apply(deployment(replicas=4) | {"status": {"replicas": 9}}, manager="flux")
    assert (applied["status"], applied["spec"]["replicas"]) == ({"replicas": 1}, 4)
