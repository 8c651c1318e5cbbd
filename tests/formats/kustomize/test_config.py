from __future__ import annotations

import pytest

from fluxsim.formats.kustomize.config import DEFAULT, EMPTY, read_config
from fluxsim.formats.kustomize.errors import KustomizeError
from tests.formats.kustomize.overlay import failure, objects

CUSTOM = "apiVersion: example.com/v1\nkind: Custom\nmetadata: {name: c}\nspec: {settings: settings, images: [{ref: acme/shop}]}\n"


def test_a_configuration_adds_references_and_images() -> None:
    files: dict[str, str | bytes] = {
        "x.yaml": CUSTOM,
        "config.yaml": "nameReference: [{kind: ConfigMap, version: v1, fieldSpecs: [{path: spec/settings, kind: Custom}]}]\n"
        "images: [{path: 'spec/images[]/ref', kind: Custom}]\n",
    }
    made = objects(
        "resources: [x.yaml, settings.yaml]\nconfigurations: [config.yaml]\nnamePrefix: my-\nimages: [{name: acme/shop, newTag: v2}]",
        files,
    )
    assert made[0]["spec"] == {"settings": "my-settings", "images": [{"ref": "acme/shop:v2"}]}


def test_a_place_for_one_kind_takes_the_place_of_the_one_for_all() -> None:
    files: dict[str, str | bytes] = {
        "x.yaml": CUSTOM,
        "config.yaml": "namePrefix: [{path: metadata/name, kind: Custom}]\n",
    }
    made = objects("resources: [x.yaml, settings.yaml]\nconfigurations: [config.yaml]\nnamePrefix: my-", files)
    assert [object_["metadata"]["name"] for object_ in made] == ["my-c", "settings"]


def test_an_unknown_field_is_refused() -> None:
    text = failure("resources: []\nconfigurations: [config.yaml]", {"config.yaml": "other: []"})
    assert text == 'error unmarshaling JSON: while decoding JSON: json: unknown field "other"'


def test_configurations_that_contradict_each_other_are_refused() -> None:
    own = read_config(b"commonLabels: [{path: spec/selector, kind: Service, version: v1}]")
    with pytest.raises(KustomizeError, match="failed to merge CommonLabels fieldSpec: conflicting fieldspecs"):
        DEFAULT.merged(own)


def test_merging_what_is_there_changes_nothing() -> None:
    assert DEFAULT.merged(DEFAULT) is DEFAULT
    assert EMPTY.merged(DEFAULT) is DEFAULT
    assert DEFAULT.merged(EMPTY) is DEFAULT
