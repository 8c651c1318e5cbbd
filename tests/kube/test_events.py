from __future__ import annotations

from fluxsim.formats.tree import Map
from fluxsim.kernel.units import HOUR, SECOND
from fluxsim.kube import events as module
from fluxsim.kube.meta import CONFIG_MAP, EVENT, Key
from tests.kube.ground import Ground, config_map, key, namespace


class Told(Ground):
    """A ground with one object, about which Events are told."""

    def __init__(self) -> None:
        super().__init__()
        self.obj = self.store.create(config_map())

    def tell(self, message: str = "no new tags", *, quiet: bool = False, field_path: str = "") -> None:
        self.recorder.record(
            self.obj, "Normal", "Scanned", message, component="scan", quiet=quiet, field_path=field_path, host="node-1"
        )

    def seen(self) -> list[tuple[str, int, str, str]]:
        return [
            (event["message"], event["count"], event["firstTimestamp"][11:19], event["lastTimestamp"][11:19])
            for event in self.recorder.about(key())
        ]

    def logged(self) -> list[int]:
        return [event.data["count"] for event in self.log.events if event.kind == "event.recorded"]


def test_an_event_says_who_told_what_about_what() -> None:
    told = Told()
    told.tell(field_path="spec.containers{web}")
    (event,) = told.recorder.about()
    assert event["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "namespace": "shop",
        "name": "settings",
        "uid": told.obj["metadata"]["uid"],
        "resourceVersion": told.obj["metadata"]["resourceVersion"],
        "fieldPath": "spec.containers{web}",
    }
    assert (event["type"], event["reason"], event["message"], event["count"]) == ("Normal", "Scanned", "no new tags", 1)
    assert (event["source"], event["reportingComponent"]) == ({"component": "scan", "host": "node-1"}, "scan")
    assert event["metadata"]["name"].startswith("settings.")


def test_the_same_again_is_counted() -> None:
    told = Told()
    for _ in range(3):
        told.tell()
        told.run(20)
    assert told.seen() == [("no new tags", 3, "00:00:00", "00:00:40")]
    assert told.logged() == [1, 2, 3]


def test_another_message_is_another_event() -> None:
    told = Told()
    told.tell("one")
    told.run(1)
    told.tell("two")
    told.run(1)
    told.tell("one")
    assert told.seen() == [("two", 1, "00:00:01", "00:00:01"), ("one", 2, "00:00:00", "00:00:02")]


def test_another_container_is_another_event() -> None:
    told = Told()
    told.tell(field_path="spec.containers{a}")
    told.tell(field_path="spec.containers{b}")
    assert [count for _message, count, _first, _last in told.seen()] == [1, 1]


def test_an_object_made_again_has_its_own_events() -> None:
    told = Told()
    told.tell()
    told.store.delete(key())
    told.obj = told.store.create(config_map())
    told.tell()
    assert [count for _message, count, _first, _last in told.seen()] == [1, 1]


def test_a_quiet_telling_counts_without_the_log() -> None:
    told = Told()
    told.tell()
    before = told.log.digest()
    told.tell(quiet=True)
    assert (told.log.digest(), told.logged()) == (before, [1])
    assert told.seen() == [("no new tags", 2, "00:00:00", "00:00:00")]


def test_a_telling_takes_no_version_and_wakes_nobody() -> None:
    told = Told()
    version, woken = told.store.version, list[str]()
    told.store.watch(None, lambda change: woken.append(change.what))
    told.tell()
    told.recorder.about()
    assert (told.store.version, woken) == (version, [])


def test_an_hour_after_its_last_telling_an_event_is_gone() -> None:
    told = Told()
    told.tell()
    told.run(3600)
    assert [count for _message, count, _first, _last in told.seen()] == [1]
    told.run(1)
    assert (told.seen(), told.store.keys(EVENT)) == ([], [])


def test_after_an_hour_the_count_starts_again() -> None:
    told = Told()
    told.tell()
    told.recorder.about()
    told.run(HOUR // SECOND + 1)
    told.tell()
    assert told.seen() == [("no new tags", 1, "01:00:01", "01:00:01")]
    assert len(told.store.keys(EVENT)) == 1


def test_the_store_has_events_like_any_object() -> None:
    told = Told()
    told.tell("first")
    (name,) = told.store.keys(EVENT)
    assert told.store.need(name)["message"] == "first"
    told.tell("second")
    assert sorted(event["message"] for event in told.store.list(EVENT, "shop")) == ["first", "second"]
    assert told.store.kinds() == [CONFIG_MAP, EVENT, Key(EVENT, "", "").kind._replace(name="Namespace")]
    assert told.store.get(Key(EVENT, "shop", "settings.unknown")) is None


def test_an_event_that_somebody_deleted_is_told_anew() -> None:
    told = Told()
    told.tell()
    (name,) = told.store.keys(EVENT)
    told.store.delete(name)
    assert told.seen() == []
    told.tell()
    assert [count for _message, count, _first, _last in told.seen()] == [1]


def test_events_about_cluster_scoped_objects_are_in_default() -> None:
    ground = Ground()
    made: Map = ground.store.create(namespace("bar"))
    ground.recorder.record(made, "Warning", "Stuck", "finalizers", component="x")
    (event,) = ground.recorder.about(namespace="default")
    assert event["metadata"]["namespace"] == "default"
    assert "namespace" not in event["involvedObject"]


def test_old_tellings_do_not_pile_up() -> None:
    told = Told()
    for number in range(module.KNOWN_MAX + 5):
        told.tell(f"message {number}", quiet=True)
        told.run(10)
    assert len(told.recorder.about()) == HOUR // SECOND // 10


def test_annotations_go_along() -> None:
    told = Told()
    told.recorder.record(
        told.obj, "Normal", "Applied", "done", component="x", annotations={"x/revision": "main@sha1:1"}
    )
    (event,) = told.recorder.about(key())
    assert event["metadata"]["annotations"] == {"x/revision": "main@sha1:1"}


def test_what_idle_runs_told_counts_as_if_it_had_been_told_then() -> None:
    told = Told()
    told.run(10)
    told.recorder.tell_again(told.obj, "Scanned", "no new tags", component="scan", times=[SECOND, 4 * SECOND])
    assert told.seen() == [("no new tags", 2, "00:00:01", "00:00:04")]
    assert told.logged() == []


def test_idle_runs_far_apart_tell_an_event_each() -> None:
    told = Told()
    told.run(2 * 3600)
    times = [SECOND, 2 * HOUR - SECOND, 2 * HOUR]
    told.recorder.tell_again(told.obj, "Scanned", "no new tags", component="scan", times=times)
    assert told.seen() == [("no new tags", 2, "01:59:59", "02:00:00")]


def test_an_event_is_named_alike_whenever_it_is_written_down() -> None:
    names: list[str] = []
    for late in (False, True):
        told = Told()
        if late:
            told.run(5)
            told.tell("something else")
        told.recorder.tell_again(told.obj, "Scanned", "no new tags", component="scan", times=[0])
        names += [event["metadata"]["name"] for event in told.recorder.about() if event["message"] == "no new tags"]
    assert names[0] == names[1]
