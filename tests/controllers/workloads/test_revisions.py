from __future__ import annotations

import re

from fluxsim.controllers.workloads import revisions
from fluxsim.controllers.workloads.members import member
from fluxsim.formats.rollout import Bounds
from fluxsim.formats.tree import Json, Map, evolve, freeze
from fluxsim.kube.meta import annotations_of

LIMITS = Bounds(3, 1, 0)
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}


def deployment(*, annotations: Json = None, template: Json = TEMPLATE, **spec: Json) -> Map:
    made: Map = freeze(
        {
            "metadata": {"name": "web", "namespace": "shop", "uid": "u-1", "annotations": annotations or {}},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
        }
    )
    return made


def test_a_hash_is_of_ten_characters_that_make_no_words() -> None:
    for number in range(200):
        digits = revisions.template_hash(freeze({"n": number}), 0)
        assert re.fullmatch("[456789bcdf]{1,10}", digits)


def test_a_hash_depends_on_content_and_collisions_alone() -> None:
    template = freeze(TEMPLATE)
    assert revisions.template_hash(template, 0) == revisions.template_hash(freeze(dict(reversed(TEMPLATE.items()))), 0)
    other = evolve(template, ("spec", "containers", 0, "image"), "web:2")
    hashes = {revisions.template_hash(template, count) for count in range(5)} | {revisions.template_hash(other, 0)}
    assert len(hashes) == 6


def test_a_fresh_set_is_its_deployments() -> None:
    made = revisions.fresh(deployment(annotations={"note": "x"}, minReadySeconds=5), 2, 4, LIMITS, 0)
    digits = made["metadata"]["labels"][revisions.HASH_LABEL]
    assert made["metadata"]["name"] == f"web-{digits}"
    assert made["metadata"]["ownerReferences"][0]["uid"] == "u-1"
    assert annotations_of(made) == {
        "note": "x",
        revisions.REVISION: "4",
        revisions.DESIRED: "3",
        revisions.MOST: "4",
    }
    assert (made["spec"]["replicas"], made["spec"]["minReadySeconds"]) == (2, 5)
    assert made["spec"]["selector"] == {"matchLabels": {"app": "web", revisions.HASH_LABEL: digits}}
    assert revisions.plain_template(made) == TEMPLATE


def test_a_set_is_known_by_its_template_without_the_hash() -> None:
    made = revisions.fresh(deployment(), 1, 1, LIMITS, 0)
    assert revisions.has_template(made, TEMPLATE)
    assert not revisions.has_template(made, evolve(freeze(TEMPLATE), ("spec", "containers", 0, "image"), "web:2"))
    assert not revisions.has_template(made, evolve(freeze(TEMPLATE), ("metadata", "annotations"), {"restarted": "now"}))


def test_raising_a_set_keeps_its_former_number() -> None:
    one = revisions.fresh(deployment(), 1, 1, LIMITS, 0)
    again = revisions.raised(deployment(), one, 3)
    assert (annotations_of(again)[revisions.REVISION], annotations_of(again)[revisions.HISTORY]) == ("3", "1")
    third = revisions.raised(deployment(), again, 12)
    assert (annotations_of(third)[revisions.REVISION], annotations_of(third)[revisions.HISTORY]) == ("12", "1,3")


def test_a_number_is_only_ever_raised() -> None:
    one = revisions.fresh(deployment(), 1, 9, LIMITS, 0)
    assert revisions.raised(deployment(), one, 4) is one
    assert revisions.raised(deployment(), one, 10) is not one


def test_the_history_is_cut_at_its_oldest() -> None:
    one = revisions.fresh(deployment(), 1, 1000, LIMITS, 0)
    for number in range(1001, 1500):
        one = revisions.raised(deployment(), one, number)
    history = annotations_of(one)[revisions.HISTORY]
    assert len(history) <= revisions.HISTORY_CHARACTERS_MAX
    assert history.endswith(",1497,1498")
    assert not history.startswith("1000,")


def test_annotations_are_added_and_never_removed() -> None:
    one = revisions.fresh(deployment(annotations={"a": "1"}), 1, 1, LIMITS, 0)
    later = revisions.raised(deployment(annotations={"b": "2"}), one, 1)
    assert {name: annotations_of(later)[name] for name in "ab"} == {"a": "1", "b": "2"}


def test_a_size_is_noted_with_what_it_is_of() -> None:
    one = revisions.fresh(deployment(), 1, 1, LIMITS, 0)
    assert revisions.sized(one, 1, LIMITS) is one
    grown = revisions.sized(one, 2, Bounds(5, 2, 1))
    assert (grown["spec"]["replicas"], revisions.desired(grown), revisions.most(grown)) == (2, 5, 7)


def test_what_is_no_number_is_none() -> None:
    one = evolve(revisions.fresh(deployment(), 1, 1, LIMITS, 0), ("metadata", "annotations"), {revisions.DESIRED: "x"})
    assert (revisions.desired(one), revisions.most(one), revisions.number(one)) == (None, None, 0)


def test_a_member_is_read_once_for_each_object() -> None:
    one = evolve(revisions.fresh(deployment(), 2, 3, LIMITS, 0), ("metadata", "generation"), 1)
    assert member(one) is member(one)
    assert (member(one).owner, member(one).wanted, member(one).revision, member(one).unused) == ("u-1", 2, 3, False)
    empty = evolve(evolve(one, ("spec", "replicas"), 0), ("status",), {"observedGeneration": 1})
    assert member(empty).unused
