from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.managedfields import ApplyConflict, SchemaError, apply, merged_by, updated
from fluxsim.formats.tree import Json, Map, evolve, freeze, get, thaw, without

NOW, LATER = "2026-03-02T09:00:00Z", "2026-03-02T09:10:00Z"


def deployment(*containers: dict[str, Any], **spec: Any) -> Map:
    template = {"template": {"spec": {"containers": list(containers)}}} if containers else {}
    metadata = {"name": "web", "namespace": "apps"}
    found: Map = freeze(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {**spec, **template}}
    )
    return found


def config_map(**data: str) -> Map:
    found: Map = freeze({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data})
    return found


def applied(live: Json, config: Json, manager: str = "flux", *, force: bool = False, now: str = NOW) -> Json:
    return apply(live, config, manager=manager, force=force, now=now)


def owned(obj: Json) -> dict[str, Json]:
    return {entry["manager"]: thaw(entry["fieldsV1"]) for entry in obj["metadata"].get("managedFields", ())}


def test_what_is_applied_is_owned() -> None:
    obj = applied(None, deployment({"name": "web", "image": "a"}, replicas=2))
    [entry] = obj["metadata"]["managedFields"]
    assert {key: value for key, value in entry.items() if key != "fieldsV1"} == {
        "manager": "flux",
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "time": NOW,
        "fieldsType": "FieldsV1",
    }
    container: Json = {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}}}
    assert thaw(entry["fieldsV1"]) == {
        "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": container}}}
    }


def test_an_apply_of_the_same_gives_the_stored_object() -> None:
    live = applied(None, deployment({"name": "web", "image": "a"}, replicas=2))
    live = evolve(live, ("metadata", "creationTimestamp"), NOW)
    live = evolve(live, ("spec", "template", "spec", "containers", 0, "imagePullPolicy"), "Always")
    again = evolve(deployment({"name": "web", "image": "a"}, replicas=2), ("metadata", "creationTimestamp"), None)
    assert applied(live, again, now=LATER) is live
    assert applied(live, again, force=True, now=LATER) is live


def test_a_field_that_is_no_longer_applied_goes() -> None:
    live = applied(None, config_map(a="1", b="1"))
    live = applied(live, config_map(b="1"), now=LATER)
    assert live["data"] == {"b": "1"}
    assert get(live, "metadata", "managedFields", 0, "time") == LATER


def test_a_field_of_another_applier_stays() -> None:
    live = applied(applied(None, config_map(a="1", b="1")), config_map(a="1"), "other")
    live = applied(live, config_map(b="1"))
    assert live["data"] == {"a": "1", "b": "1"}
    assert owned(live) == {"flux": {"f:data": {"f:b": {}}}, "other": {"f:data": {"f:a": {}}}}


def test_what_nobody_owns_stays_in_a_container_that_stays() -> None:
    live = applied(None, deployment({"name": "web", "image": "a", "tty": True}))
    live = evolve(live, ("spec", "template", "spec", "containers", 0, "imagePullPolicy"), "Always")
    live = applied(live, deployment({"name": "web", "image": "a"}))
    assert live["spec"]["template"]["spec"]["containers"] == [
        {"name": "web", "image": "a", "imagePullPolicy": "Always"}
    ]


def test_sharing_a_value_takes_no_time() -> None:
    live = applied(applied(None, config_map(a="1")), config_map(a="1"), "other", now=LATER)
    assert [entry.get("time") for entry in live["metadata"]["managedFields"]] == [None, NOW]


def test_another_value_conflicts() -> None:
    live = applied(None, deployment({"name": "web", "image": "a"}, replicas=2))
    with pytest.raises(ApplyConflict) as caught:
        applied(live, deployment(replicas=3), "other")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "flux": .spec.replicas'


def test_conflicts_stand_below_their_managers() -> None:
    live = applied(None, deployment({"name": "web", "image": "a", "args": ["x"]}))
    live = updated(live, evolve(live, ("spec", "replicas"), 5), manager="kubectl", subresource="scale", now=NOW)
    with pytest.raises(ApplyConflict) as caught:
        applied(live, deployment({"name": "web", "image": "b", "args": ["y"]}, replicas=1), "other")
    assert caught.value.message == (
        'Apply failed with 3 conflicts: conflicts with "flux":\n'
        '- .spec.template.spec.containers[name="web"].args\n- .spec.template.spec.containers[name="web"].image\n'
        'conflicts with "kubectl" with subresource "scale" using apps/v1:\n- .spec.replicas'
    )
    assert [conflict.manager.name for conflict in caught.value.conflicts] == ["flux", "flux", "kubectl"]


def test_force_takes_the_field_away() -> None:
    live = applied(applied(None, config_map(a="1")), config_map(a="2"), "other", force=True)
    assert live["data"] == {"a": "2"}
    assert owned(live) == {"other": {"f:data": {"f:a": {}}}}


def test_the_first_apply_finds_owners_for_what_was_there() -> None:
    live = freeze({**config_map(a="1", b="1"), "metadata": {"name": "c", "uid": "u"}})
    with pytest.raises(ApplyConflict, match=r'"before-first-apply" using v1: \.data\.a'):
        applied(live, config_map(a="2"))
    live = applied(live, config_map(a="1"))
    assert owned(live)["before-first-apply"] == {"f:data": {".": {}, "f:a": {}, "f:b": {}}}


def test_an_object_that_does_not_fit_is_refused_in_the_servers_words() -> None:
    with pytest.raises(SchemaError) as caught:
        applied(None, deployment(replicaz=1))
    assert caught.value.problem == ".spec.replicaz: field not declared in schema"
    assert caught.value.message == (
        "failed to create typed patch object (apps/web; apps/v1, Kind=Deployment): "
        ".spec.replicaz: field not declared in schema"
    )
    with pytest.raises(SchemaError, match=r"\(/c; /v1, Kind=ConfigMap\): .data.a: expected string"):
        applied(None, freeze({**config_map(), "data": {"a": 1}}))


@pytest.mark.parametrize("containers", [[None], ["x"], [{"name": "a"}, {"name": "a"}]])
def test_a_list_that_cannot_merge_is_refused(containers: list[Any]) -> None:
    config = evolve(deployment(), ("spec",), {"template": {"spec": {"containers": containers}}})
    with pytest.raises(SchemaError):
        applied(None, config)


def test_a_flux_object_with_a_wrong_field_is_refused() -> None:
    kustomization = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "k"}}
    with pytest.raises(SchemaError, match=r"\.spec\.intervall: field not declared in schema"):
        applied(None, freeze({**kustomization, "spec": {"intervall": "1m"}}))


def test_a_struct_that_loses_all_is_null_in_the_library_and_gone_on_the_server() -> None:
    config = deployment(replicas=2)
    live = applied(None, config)
    bare = evolve(config, ("spec",), {})
    assert merged_by(live, bare, manager="flux", force=False, now=NOW)["spec"] is None
    assert "spec" not in applied(live, bare)
    assert "spec" not in applied(live, without(config, ("spec",)))


# -- other writes


def test_a_writer_owns_what_it_changes() -> None:
    live = applied(None, config_map(a="1", b="1"))
    live = updated(live, evolve(live, ("data", "a"), "2"), manager="kubectl-edit", now=LATER)
    assert owned(live) == {"flux": {"f:data": {"f:b": {}}}, "kubectl-edit": {"f:data": {"f:a": {}}}}
    assert live["metadata"]["managedFields"][1]["operation"] == "Update"


def test_who_creates_owns_maps_too() -> None:
    live = updated(None, config_map(a="1"), manager="kubectl-create", now=NOW)
    assert owned(live) == {"kubectl-create": {"f:data": {".": {}, "f:a": {}}}}


def test_what_is_removed_leaves_every_owner() -> None:
    live = applied(None, config_map(a="1", b="1"))
    live = updated(live, without(live, ("data", "a")), manager="someone", now=LATER)
    assert owned(live) == {"flux": {"f:data": {"f:b": {}}}}


def test_a_subresource_is_an_owner_of_its_own() -> None:
    live = applied(None, deployment(replicas=1))
    for subresource in ("scale", ""):
        count = 2 if subresource else 3
        new = evolve(live, ("spec", "replicas"), count)
        live = updated(live, new, manager="kubectl", subresource=subresource, now=NOW)
    assert [entry.get("subresource") for entry in live["metadata"]["managedFields"]] == [None]


def test_nobody_becomes_owner_of_an_object_without_owners() -> None:
    live = freeze({**config_map(a="1"), "metadata": {"name": "c", "uid": "u"}})
    assert "managedFields" not in updated(live, evolve(live, ("data", "a"), "2"), manager="x", now=NOW)["metadata"]


def test_managed_fields_can_be_written_and_reset_by_hand() -> None:
    live = evolve(applied(None, config_map(a="1")), ("metadata", "uid"), "u")
    renamed = evolve(live, ("metadata", "managedFields", 0, "manager"), "helm")
    assert owned(updated(live, renamed, manager="x", now=NOW)) == {"helm": {"f:data": {"f:a": {}}}}
    empty: Json
    for empty in ([], [{}]):
        reset = evolve(live, ("metadata", "managedFields"), empty)
        assert "managedFields" not in updated(live, reset, manager="x", now=NOW)["metadata"]
    broken = evolve(live, ("metadata", "managedFields"), [{"manager": "x", "operation": "Delete"}])
    assert owned(updated(live, broken, manager="x", now=NOW)) == owned(live)
    assert owned(updated(live, broken, manager="x", subresource="status", now=NOW)) == owned(live)


def test_a_write_that_changes_nothing_keeps_the_very_entries() -> None:
    live = applied(None, config_map(a="1"))
    new = without(thaw(live), ("metadata", "managedFields"))
    assert updated(live, new, manager="x", now=LATER)["metadata"]["managedFields"] is live["metadata"]["managedFields"]


def test_a_list_that_cannot_merge_leaves_ownership_as_it_is() -> None:
    live = applied(None, deployment({"name": "web"}))
    broken = evolve(live, ("spec", "template", "spec", "containers"), [None])
    assert owned(updated(live, broken, manager="x", now=NOW)) == owned(live)


DATA = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), min_size=1)


@given(st.lists(st.tuples(st.sampled_from(["one", "two"]), DATA, st.booleans()), max_size=6))
def test_nothing_is_lost_that_somebody_applies(writes: list[tuple[str, dict[str, str], bool]]) -> None:
    live: Json = None
    wanted: dict[str, dict[str, str]] = {}
    for manager, data, force in writes:
        try:
            live = applied(live, config_map(**data), manager, force=force)
        except ApplyConflict:
            continue
        wanted[manager] = data
        for other, held in wanted.items():
            wanted[other] = {key: value for key, value in held.items() if data.get(key, value) == value}
        assert applied(live, config_map(**data), manager, force=force) is live
    expected = {key: value for data in wanted.values() for key, value in data.items()}
    assert live is None or (live.get("data") or {}) == expected
