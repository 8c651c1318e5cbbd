from __future__ import annotations

from fluxsim.formats.kustomize.resource import ORIGIN, TRANSFORMATIONS
from tests.formats.kustomize.overlay import CONFIG_MAP, objects

FILES: dict[str, str | bytes] = {
    "base/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: b-",
    "base/x.yaml": CONFIG_MAP,
}


def test_an_object_says_which_file_it_came_from() -> None:
    (made,) = objects("resources: [base]\nbuildMetadata: [originAnnotations]", FILES)
    assert made["metadata"]["annotations"] == {ORIGIN: "path: base/x.yaml\n"}


def test_a_generated_object_says_who_made_it() -> None:
    (made,) = objects("configMapGenerator: [{name: a}]\nbuildMetadata: [originAnnotations]")
    assert made["metadata"]["annotations"][ORIGIN] == (
        "configuredIn: kustomization.yaml\nconfiguredBy:\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n"
    )


def test_an_object_says_what_changed_it() -> None:
    (made,) = objects("resources: [base]\nnamespace: live\nbuildMetadata: [transformerAnnotations]", FILES)
    assert made["metadata"]["annotations"] == {
        TRANSFORMATIONS: "- configuredIn: base/kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n"
        "    kind: PrefixTransformer\n- configuredIn: kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n"
        "    kind: NamespaceTransformer\n"
    }


def test_nothing_is_said_when_nobody_asks() -> None:
    written = CONFIG_MAP.replace("name: settings", f"name: settings\n  annotations: {{{ORIGIN}: old}}")
    (made,) = objects("resources: [settings.yaml]", {"settings.yaml": written})
    assert "annotations" not in made["metadata"]
