from __future__ import annotations

from fluxsim.formats.kustomize import DictTree, build
from tests.formats.kustomize.overlay import failure, names

MANY = "\n---\n".join(
    f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}"
    for version, kind, name in (
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "w"),
        ("example.com/v1", "Widget", "b"),
        ("v1", "Service", "s"),
        ("apps/v1", "Deployment", "d"),
        ("example.com/v1", "Widget", "a"),
        ("v1", "Pod", "p"),
        ("v1", "Namespace", "n"),
        ("v1", "ConfigMap", "c"),
    )
)


def test_the_legacy_order_puts_what_others_need_first() -> None:
    tree = DictTree({"kustomization.yaml": "resources: [x.yaml]", "x.yaml": MANY})
    made = [f"{object_['kind']}/{object_['metadata']['name']}" for object_ in build(tree, ".").resources]
    assert made == [
        "Namespace/n",
        "ConfigMap/c",
        "Service/s",
        "Deployment/d",
        "Widget/a",
        "Widget/b",
        "Pod/p",
        "ValidatingWebhookConfiguration/w",
    ]


def test_a_kustomization_may_order_by_itself() -> None:
    options = "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Widget, Pod], orderLast: [Namespace]}}"
    made = names(f"resources: [x.yaml]\n{options}", {"x.yaml": MANY})
    assert made[:3] == ["Widget/a", "Widget/b", "Pod/p"]
    assert made[-1] == "Namespace/n"


def test_first_in_first_out_leaves_the_order() -> None:
    assert names("resources: [service.yaml, settings.yaml]\nsortOptions: {order: fifo}") == [
        "Service/shop",
        "ConfigMap/settings",
    ]


def test_another_order_is_refused() -> None:
    assert (
        failure("resources: []\nsortOptions: {order: other}")
        == "the field 'sortOptions.order' must be one of [fifo, legacy]"
    )
    assert "is set but the selected sort order is 'fifo', not 'legacy'" in failure(
        "resources: []\nsortOptions: {order: fifo, legacySortOptions: {}}"
    )
