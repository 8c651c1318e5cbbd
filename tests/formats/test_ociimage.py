"""Synthetic images are whole, the same for the same build, and other for any other build."""

from __future__ import annotations

import gzip
import json
import tarfile
from dataclasses import replace
from io import BytesIO

import pytest

from fluxsim.formats.ociimage import INDEX, MANIFEST, Build, canonical, digest_of, index_of, labels_of, parts

BUILD = Build("backend", "0a1b2c3", 1_772_442_000, "run 12")


def test_the_digest_of_a_build_never_changes() -> None:
    assert digest_of(parts(BUILD).manifest) == digest_of(parts(replace(BUILD)).manifest)
    assert digest_of(parts(BUILD).manifest) == "sha256:f99d511d8e52f9301c6204c324a80ee7022a8d7100e81327d2feaf0b7e0980f5"


@pytest.mark.parametrize(
    "other",
    [
        replace(BUILD, name="frontend"),
        replace(BUILD, commit="ffffff"),
        replace(BUILD, built_s=1_772_442_001),
        replace(BUILD, builder="run 13"),
        replace(BUILD, base="alpine:3.22"),
        replace(BUILD, labels=(("app", "crash"),)),
    ],
)
def test_whatever_was_otherwise_gives_another_digest(other: Build) -> None:
    assert digest_of(parts(other).manifest) != digest_of(parts(BUILD).manifest)


def test_manifest_config_and_layers_name_each_other() -> None:
    made = parts(BUILD)
    manifest, config = json.loads(made.manifest), json.loads(made.config)
    assert manifest["mediaType"] == MANIFEST
    described = [manifest["config"], *manifest["layers"]]
    assert [(entry["digest"], entry["size"]) for entry in described] == [
        (digest_of(blob), len(blob)) for blob in made.blobs
    ]
    assert config["rootfs"]["diff_ids"] == [digest_of(gzip.decompress(layer)) for layer in made.layers]
    assert config["created"] == "2026-03-02T09:00:00Z"
    assert config["config"]["Labels"]["org.opencontainers.image.revision"] == "0a1b2c3"


def test_layers_are_archives_that_can_be_unpacked() -> None:
    names: list[str] = []
    for layer in parts(BUILD).layers:
        with tarfile.open(fileobj=BytesIO(layer), mode="r:gz") as archive:
            names += archive.getnames()
            assert all(member.mtime == 0 for member in archive)
    assert names == ["etc/base", "app/backend"]


def test_images_on_one_base_share_its_layer() -> None:
    assert parts(BUILD).layers[0] == parts(replace(BUILD, name="frontend")).layers[0]


def test_given_labels_win_over_the_standard_ones() -> None:
    labels = labels_of(replace(BUILD, labels=(("org.opencontainers.image.title", "mine"), ("x", "y"))))
    assert labels["org.opencontainers.image.title"] == "mine"
    assert labels["x"] == "y"


def test_long_content_is_stored_in_several_blocks() -> None:
    layer = parts(replace(BUILD, commit="x" * 200_000)).layers[1]
    assert b"x" * 200_000 in gzip.decompress(layer)


def test_an_index_wraps_a_manifest() -> None:
    raw = parts(BUILD).manifest
    index = json.loads(index_of(MANIFEST, raw))
    assert index["mediaType"] == INDEX
    assert index["manifests"][0]["digest"] == digest_of(raw)


def test_canonical_json_is_sorted_and_without_white_space() -> None:
    assert canonical({"b": 1, "a": ["é", True]}) == '{"a":["é",true],"b":1}'.encode()
