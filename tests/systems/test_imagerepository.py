"""Tags move, and the log of one repository tells how."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxsim.formats.ociimage import CONFIG, INDEX, LAYER, MANIFEST, Build, canonical, descriptor
from fluxsim.systems.imagename import parse_name
from fluxsim.systems.imagerepository import ImageRepository, Manifest, TagEvent


def build(number: int = 0, **labels: str) -> Build:
    return Build("backend", f"{number:07x}", 1_772_442_000 + number, "run 1", labels=tuple(labels.items()))


@pytest.fixture
def repository() -> ImageRepository:
    return ImageRepository(parse_name("ghcr.io/acme/backend"))


def put(repository: ImageRepository, *tags: str, number: int = 0) -> str:
    digest = repository.add_build(build(number)).digest
    for tag in tags:
        repository.put_tag(tag, digest)
    return digest


def test_tags_are_sorted_by_bytes_and_the_same_tuple_while_nothing_comes(repository: ImageRepository) -> None:
    put(repository, "v10", "v9", "latest", "V1", "1.10.0")
    assert repository.tags() == ("1.10.0", "V1", "latest", "v10", "v9")
    before = repository.tags()
    put(repository, "latest", number=1)
    assert repository.tags() is before
    put(repository, "new")
    assert repository.tags() != before


def test_the_log_tells_every_move_and_can_be_resumed(repository: ImageRepository) -> None:
    first = put(repository, "v1", "latest")
    cursor = repository.seq
    second = put(repository, "latest", number=1)
    repository.put_tag("latest", second)
    repository.delete_tag("v1")
    assert repository.changes(cursor) == [TagEvent(3, "put", "latest", second), TagEvent(4, "delete", "v1", first)]
    assert repository.changes(repository.seq) == []
    assert repository.digest("v1") == ""
    assert repository.tags_of(second) == ["latest"]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcde"), st.integers(0, 2)), max_size=20))
def test_the_log_gives_back_every_state_that_was(moves: list[tuple[bool, str, int]]) -> None:
    repository = ImageRepository(parse_name("ghcr.io/acme/backend"))
    digests = [repository.add_build(build(number)).digest for number in range(3)]
    states = {0: repository.tags()}
    for putting, tag, number in moves:
        if putting:
            repository.put_tag(tag, digests[number])
        elif repository.digest(tag):
            repository.delete_tag(tag)
        states[repository.seq] = repository.tags()
        assert repository.tags() == tuple(sorted(repository.newest_last()))
    assert [event.seq for event in repository.log] == list(range(1, repository.seq + 1))
    for seq, tags in states.items():
        assert repository.tags_at(seq) == tags


def test_the_newest_tag_is_the_one_put_last(repository: ImageRepository) -> None:
    put(repository, "a", "b", "c")
    put(repository, "a", number=1)
    assert repository.newest_last() == ["b", "c", "a"]


def test_a_deleted_manifest_takes_its_tags_along(repository: ImageRepository) -> None:
    first, second = put(repository, "v1", "v1.0"), put(repository, "v2", number=1)
    assert repository.delete_manifest(first) == ["v1", "v1.0"]
    assert repository.tags() == ("v2",)
    assert repository.manifest(first) is None
    assert repository.manifest(second) is not None


def test_synthetic_images_are_whole_when_somebody_looks(repository: ImageRepository) -> None:
    digest = put(repository, "v1")
    manifest = repository.manifest(digest)
    assert manifest is not None
    content = json.loads(manifest.raw)
    assert len(manifest.raw) == manifest.size
    sizes = 0
    for entry in [content["config"], *content["layers"]]:
        blob = repository.blob(entry["digest"])
        assert blob is not None
        assert len(blob) == entry["size"]
        sizes += len(blob)
    assert manifest.pull_size == sizes
    layer = repository.blob(content["layers"][1]["digest"])
    assert layer is not None
    assert b"app/backend" in gzip.decompress(layer)
    assert repository.blob("sha256:nope") is None


def test_labels_are_read_through_an_index_and_out_of_a_config(repository: ImageRepository) -> None:
    built = repository.add_build(build(1, app="crash"))
    wrapped = repository.wrapped(built.digest)
    assert wrapped.digest != built.digest
    assert wrapped.members() == [built.digest]
    assert repository.labels(built.digest)["app"] == repository.labels(wrapped.digest)["app"] == "crash"
    config, layer = canonical({"config": {"Labels": {"x": "y"}}}), b"layer"
    raw = canonical({"schemaVersion": 2, "config": descriptor(CONFIG, config), "layers": [descriptor(LAYER, layer)]})
    foreign = repository.add_manifest(Manifest.of_bytes(MANIFEST, raw))
    assert repository.labels(foreign.digest) == {}
    repository.add_blob(config)
    assert repository.labels(foreign.digest) == {"x": "y"}
    assert foreign.pull_size == len(config) + len(layer)
    assert repository.labels("sha256:nope") == {}
    empty = repository.add_manifest(Manifest.of_bytes(INDEX, canonical({"manifests": []})))
    assert repository.labels(empty.digest) == {}


def test_referrers_name_their_subject(repository: ImageRepository) -> None:
    digest = put(repository, "v1")
    subject = {"digest": digest, "mediaType": MANIFEST, "size": 1}
    signature = repository.add_manifest(Manifest.of_bytes(MANIFEST, canonical({"subject": subject})))
    assert [one.digest for one in repository.referrers(digest)] == [signature.digest]
    assert repository.referrers(signature.digest) == []


def test_a_copy_keeps_digests_and_brings_all_that_is_needed(repository: ImageRepository) -> None:
    digest = put(repository, "v1")
    index = repository.wrapped(digest).digest
    raw = canonical({"config": descriptor(CONFIG, b"{}"), "layers": [descriptor(LAYER, b"layer")]})
    layer = repository.add_blob(b"layer")
    repository.add_blob(b"{}")
    foreign = repository.add_manifest(Manifest.of_bytes(MANIFEST, raw)).digest
    other = ImageRepository(parse_name("ghcr.io/acme/copy"))
    other.copy_from(repository, index)
    other.copy_from(repository, foreign)
    assert other.manifest(digest) is not None
    assert other.manifest(index) is not None
    assert other.blob(layer) == b"layer"
    manifest = other.manifest(digest)
    assert manifest is not None
    assert other.blob(json.loads(manifest.raw)["config"]["digest"]) is not None


def test_blobs_can_be_deleted_once(repository: ImageRepository) -> None:
    digest = repository.add_blob(b"x")
    assert repository.delete_blob(digest)
    assert not repository.delete_blob(digest)


def test_a_list_knows_what_changed_since_it_was_last_asked_for(repository: ImageRepository) -> None:
    put(repository, "v1", "v2", "v3")
    before = repository.listed()
    assert before == ["v3", "v2", "v1"]
    assert repository.listed() is before
    put(repository, "v4", "v5")
    repository.delete_tag("v1")
    repository.delete_tag("v5")
    after = repository.listed()
    assert after == ["v4", "v3", "v2"]
    assert after.changes_since(before) == (("v4",), ("v1",))


def test_a_tag_that_went_and_came_again_is_no_change_of_the_list(repository: ImageRepository) -> None:
    put(repository, "v1", "v2")
    before = repository.listed()
    repository.delete_tag("v1")
    put(repository, "v1", number=1)
    assert repository.listed() is before
