from __future__ import annotations

from fluxsim.formats.fieldmanagers import (
    UPDATE_MANAGERS_MAX,
    Conflict,
    Manager,
    Managers,
    Owned,
    applier,
    capped,
    conflict_text,
    entries_of,
    managers_of,
    updater,
    with_entries,
)
from fluxsim.formats.fieldset import FieldSet
from fluxsim.formats.tree import freeze

FIELDS: FieldSet = {"f:data": {"f:a": {}}}


def at(minute: int) -> str:
    return f"2026-03-02T09:{minute:02}:00Z"


def test_entries_are_applies_first_then_by_time_and_name() -> None:
    managers: Managers = {
        updater("b", "v1"): Owned(FIELDS, "v1", at(1)),
        updater("a", "v1"): Owned(FIELDS, "v1", at(2)),
        applier("z"): Owned(FIELDS, "v1", at(9)),
        applier("y"): Owned({}, "v1", at(3)),
    }
    assert [entry["manager"] for entry in entries_of(managers)] == ["z", "b", "a"]


def test_reading_and_writing_keeps_the_entries() -> None:
    entries = entries_of({updater("a", "v1", "status"): Owned(FIELDS, "v1", at(1)), applier("b"): Owned(FIELDS, "v2")})
    obj = with_entries(freeze({"metadata": {"name": "x"}}), entries)
    again = entries_of(managers_of(obj))
    assert again == entries
    assert all(map(lambda one, other: one is other, again, entries))
    assert with_entries(obj, entries_of({})) == {"metadata": {"name": "x"}}


def test_entries_that_the_server_would_not_accept_count_as_none() -> None:
    good = {"manager": "a", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": FIELDS}
    for wrong in ({"operation": "Delete"}, {"apiVersion": ""}, {"fieldsType": "FieldsV2"}, {"fieldsType": None}):
        assert managers_of({"metadata": {"managedFields": [good, good | wrong]}}) == {}
    assert list(managers_of({"metadata": {"managedFields": [good]}})) == [applier("a")]
    assert managers_of({}) == {}


def test_nobody_by_name_is_unknown() -> None:
    assert applier("").name == updater("", "v1").name == "unknown"


def test_a_conflict_says_how_the_other_owns_the_field() -> None:
    update = Manager("kubectl", "Update", "apps/v1", "scale")
    assert conflict_text([Conflict(update, ".spec.replicas")]) == (
        'Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
    )


def test_the_oldest_of_too_many_updates_are_joined() -> None:
    managers: Managers = {
        updater(f"m{n:02}", "v1"): Owned({f"f:x{n:02}": {}}, "v1", at(n)) for n in range(UPDATE_MANAGERS_MAX + 2)
    }
    assert capped(dict(list(managers.items())[:UPDATE_MANAGERS_MAX])) == dict(
        list(managers.items())[:UPDATE_MANAGERS_MAX]
    )
    left = capped(managers)
    assert len(left) == UPDATE_MANAGERS_MAX
    joined = left[updater("ancient-changes", "v1")]
    assert (dict(joined.fields), joined.time) == ({"f:x00": {}, "f:x01": {}, "f:x02": {}}, at(2))
