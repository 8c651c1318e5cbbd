"""Markers and what setters make of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fluxsim.formats import kyaml_known
from fluxsim.formats.kyaml_changes import Change, FileChange, ObjectIdentifier
from fluxsim.formats.markers import (
    ImageRef,
    Marker,
    SetterError,
    SetterResult,
    UnsupportedStrategy,
    apply_setters,
    find_markers,
)

APP = ImageRef("ghcr.io/acme/shop", "1.4.0")
DIGEST = f"sha256:{'ab' * 32}"
MARKER = '# {"$imagepolicy": "flux-system:shop"}'
TAG = '# {"$imagepolicy": "flux-system:shop:tag"}'


def run(files: Mapping[str, str], image: ImageRef | None = APP, **options: object) -> SetterResult:
    given = {path: text.encode() for path, text in files.items()}
    return apply_setters(given, {"flux-system:shop": image}, **options)  # type: ignore[arg-type]


def set_in(text: str, image: ImageRef = APP) -> str | None:
    """Return the new text of a file, None if it stays as it is."""
    data = run({"app.yaml": text}, image).changed.get("app.yaml")
    return None if data is None else data.decode()


def field(line: str, image: ImageRef = APP) -> str | None:
    """Return what becomes of a line below `spec`."""
    text = set_in(f"spec:\n  {line}\n", image)
    return None if text is None else text.removeprefix("spec:\n  ").removesuffix("\n")


def tagged(old: str, tag: str) -> str | None:
    line = field(f"tag: {old} {TAG}", ImageRef("acme/shop", tag))
    return None if line is None else line.removeprefix("tag: ").removesuffix(f" {TAG}")


# Which comments are markers.


@pytest.mark.parametrize(
    "comment",
    [
        MARKER,
        '#{"$imagepolicy":"flux-system:shop"}',
        '### { "$imagepolicy" : "flux-system:shop" }  ',
        '# {"why": "text", "$imagepolicy": "flux-system:shop"}',
        '# {"$imagepolicy": "flux-system:shop", "none": null}',
        '# {"$imagepolicy": "flux-system:sh%6fp"}',
        '# {"$ref": "#/definitions/io.k8s.cli.setters.flux-system:shop"} and "$imagepolicy"',
    ],
)
def test_a_comment_may_name_a_setter(comment: str) -> None:
    line = field(f"image: shop:1 {comment}")
    assert line == f"image: ghcr.io/acme/shop:1.4.0 {comment}"


@pytest.mark.parametrize(
    "comment",
    [
        f"{MARKER} please",
        f"# image {MARKER[2:]}",
        f"{MARKER} {MARKER}",
        "# {'$imagepolicy': 'flux-system:shop'} \"$imagepolicy\"",
        '# {"$imagepolicy": "flux-system:other"}',
        '# {"$imagepolicy": "flux-system:shop:version"}',
        '# {"$imagepolicy": "flux-system/shop"}',
        '# {"$imagepolicy": "shop"}',
        '# {"$imagepolicy": "flux-system:shop%zz"}',
        '# {"$imagepolicy": ["flux-system:shop"]}',
        '# {"$imagepolicy": "flux-system:shop", "n": 1}',
        '# ["$imagepolicy", "flux-system:shop"]',
        '# {"$imagepolicy": ""}',
        '# {"$ref": "#/definitions/shop"} "$imagepolicy"',
        '# {"$ref": 1} "$imagepolicy"',
        '# {"$imagepolicy": ' + "[" * 5000,
    ],
)
def test_most_comments_name_none(comment: str) -> None:
    assert field(f"image: shop:1 {comment}") is None


@pytest.mark.parametrize(
    "text",
    [
        f"spec:\n  {MARKER}\n  image: shop:1\n",
        f"spec: {MARKER}\n  image: shop:1\n",
        f"args: [shop:1] {MARKER}\n",
        f"image: {MARKER}\nx: 1\n",
        f"a: &a shop:1\nb: *a {MARKER}\n",
        f"a: |\n  image: shop:1 {MARKER}\n",
        f"image: shop:1 {MARKER.replace(chr(34), chr(39))}\n",
    ],
)
def test_markers_elsewhere_are_comments(text: str) -> None:
    assert set_in(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"args:\n  - shop:1 {MARKER}\n", f"args:\n  - ghcr.io/acme/shop:1.4.0 {MARKER}\n"),
        (f"args:\n  {MARKER}\n  - shop:1\n", f"args:\n  {MARKER}\n  - ghcr.io/acme/shop:1.4.0\n"),
        (f"a: &a shop:1 {MARKER}\nb: *a\n", f"a: &a ghcr.io/acme/shop:1.4.0 {MARKER}\nb: *a\n"),
        (f"a: [\n  x, {TAG}\n]\n", f"a: [1.4.0, {TAG}\n]\n"),
        (f"a: | {MARKER}\n  shop:1\n", f"a: |- {MARKER}\n  ghcr.io/acme/shop:1.4.0\n"),
        (f"a: shop:1 {MARKER}\na: shop:2 {MARKER}\n", f"a: ghcr.io/acme/shop:1.4.0 {MARKER}\na: shop:2 {MARKER}\n"),
    ],
)
def test_scalars_of_all_kinds_can_be_marked(text: str, expected: str) -> None:
    assert set_in(text) == expected


# Values.


def test_parts_of_the_image_have_setters_of_their_own() -> None:
    text = "".join(
        f'{part}: x # {{"$imagepolicy": "flux-system:shop{suffix}"}}\n'
        for part, suffix in (("all", ""), ("name", ":name"), ("tag", ":tag"), ("digest", ":digest"))
    )
    changes = run({"app.yaml": text}, ImageRef("acme/shop", "2.0.0", DIGEST)).changes
    assert [change.change.new_value for change in changes] == [
        f"acme/shop:2.0.0@{DIGEST}",
        "acme/shop",
        "2.0.0",
        DIGEST,
    ]
    assert changes[2].change == Change("x", "2.0.0", "flux-system:shop:tag")


def test_a_digest_that_is_not_known_blanks_the_field() -> None:
    comment = '# {"$imagepolicy": "flux-system:shop:digest"}'
    assert field(f"digest: {DIGEST} {comment}") == f'digest: "" {comment}'


def test_the_old_value_does_not_matter() -> None:
    assert field(f"image: elsewhere/other:9@{DIGEST} {MARKER}") == f"image: ghcr.io/acme/shop:1.4.0 {MARKER}"


def test_an_equal_value_leaves_the_file_alone() -> None:
    result = run({"app.yaml": f"a:\n\n\n    image: ghcr.io/acme/shop:1.4.0   {MARKER}"})
    assert (result.changed, result.changes) == ({}, [])


@pytest.mark.parametrize(
    ("old", "tag", "expected"),
    [
        ("x", "1.2.3", "1.2.3"),
        ("x", "12", '"12"'),
        ("x", "1.10", '"1.10"'),
        ("x", "on", '"on"'),
        ("x", "null", '"null"'),
        ("x", "2026-03-02", '"2026-03-02"'),
        ("x", "_1", "_1"),
        ("'x'", "12", "'12'"),
        ('"x"', "v1", '"v1"'),
        ("12", "13", '"13"'),
        ("12", "v13", "!!int v13"),
        ("1.10", "1.10.1", "!!float 1.10.1"),
        ("true", "v1", "!!bool v1"),
        ("!!str 1", "v2", "!!str v2"),
        ("~", "v1", "!!null v1"),
        ("~", "12", "!!null 12"),
        ("2026-03-02", "v1", "!!timestamp v1"),
    ],
)
def test_tags_stay_strings(old: str, tag: str, expected: str) -> None:
    assert tagged(old, tag) == expected


def test_a_marked_number_is_quoted_when_something_else_changes() -> None:
    text = set_in(f"a: 12 {TAG}\nb: shop:1 {MARKER}\n", ImageRef("shop", "12"))
    assert text == f'a: "12" {TAG}\nb: shop:12 {MARKER}\n'


@pytest.mark.parametrize("tag", ["~x", "1:30", "a b", "x" * 129])
def test_an_image_that_is_no_reference_fails_the_run(tag: str) -> None:
    with pytest.raises(SetterError) as failed:
        run({}, ImageRef("shop", tag))
    assert str(failed.value) == f'encountered invalid image ref "shop:{tag}": could not parse reference: shop:{tag}'


def test_a_policy_without_an_image_sets_nothing() -> None:
    assert run({"app.yaml": f"image: shop:1 {MARKER}\n"}, None).changed == {}


def test_another_strategy_is_refused_first() -> None:
    with pytest.raises(UnsupportedStrategy, match="unsupported update strategy: Replace"):
        run({}, ImageRef("shop", "~"), strategy="Replace")


def test_latest_ref_reads_as_a_reference() -> None:
    assert str(ImageRef.of({"name": "shop", "tag": "1"})) == "shop:1"
    assert str(ImageRef.of({"name": "shop", "tag": "1", "digest": DIGEST})) == f"shop:1@{DIGEST}"


# Files.


@pytest.mark.parametrize("path", ["a.yaml", "a.yml", "x/Kustomization", ".github/workflows/ci.yml", ".yaml"])
def test_manifests_are_read(path: str) -> None:
    assert list(run({path: f"image: shop:1 {MARKER}\n"}).changed) == [path]


@pytest.mark.parametrize("path", ["a.YAML", "a.yaml.tpl", "kustomization", "README.md", "yaml", "a.json"])
def test_other_files_are_not(path: str) -> None:
    assert run({path: f"image: shop:1 {MARKER}\n"}).changed == {}


@pytest.mark.parametrize(
    "text", ["{{ if .x }}\n", "- op: replace\n", "text\n", "a: 'open\n", "a: 1\n--- b\n", "metadata: 1\n"]
)
def test_files_that_cannot_be_read_do_not_stop_the_others(text: str) -> None:
    files = {"bad.yaml": f"{text}image: shop:1 {MARKER}\n", "good.yaml": f"image: shop:1 {MARKER}\n"}
    assert list(run(files).changed) == ["good.yaml"]


def test_bytes_that_are_no_text_do_not_stop_the_others() -> None:
    good = f"image: shop:1 {MARKER}\n".encode()
    result = apply_setters({"bad.yaml": b"\xff" + good, "good.yaml": good}, {"flux-system:shop": APP})
    assert list(result.changed) == ["good.yaml"]


def test_files_are_taken_in_the_order_of_a_walk() -> None:
    paths = ["b/x.yaml", "a.yaml", "b.yaml", "b-c/x.yaml", "a/z.yaml"]
    changes = run(dict.fromkeys(paths, f"image: shop:1 {MARKER}\n")).changes
    assert [change.file for change in changes] == ["a/z.yaml", "a.yaml", "b/x.yaml", "b-c/x.yaml", "b.yaml"]


@pytest.mark.parametrize("path", ["apps", "./apps/", "/apps", "../../apps", "x/../apps"])
def test_only_files_below_the_path_are_set(path: str) -> None:
    files = {"apps/a.yaml": f"image: shop:1 {MARKER}\n", "infra/a.yaml": f"image: shop:1 {MARKER}\n"}
    result = run(files, path=path)
    assert list(result.changed) == ["apps/a.yaml"]
    assert [change.file for change in result.changes] == ["a.yaml"]


def test_the_path_may_be_a_file() -> None:
    files = {"apps/a.yaml": f"image: shop:1 {MARKER}\n", "apps/b.yaml": f"image: shop:1 {MARKER}\n"}
    result = run(files, path="apps/a.yaml")
    assert list(result.changed) == ["apps/a.yaml"]
    assert [change.file for change in result.changes] == ["a.yaml"]


def test_a_path_that_is_not_there_fails_the_run() -> None:
    with pytest.raises(SetterError, match="walking path for files: lstat nowhere: no such file or directory"):
        run({"apps/a.yaml": "a: 1\n"}, path="nowhere")


def test_links_to_files_are_written_through() -> None:
    files = {"real/a.yaml": f"image: shop:1 {MARKER}\n"}
    result = run(files, symlinks={"z.yaml": "real/a.yaml", "real/b.yaml": "../real/./a.yaml"})
    assert list(result.changed) == ["real/a.yaml"]
    assert [change.file for change in result.changes] == ["real/a.yaml", "real/b.yaml", "z.yaml"]


@pytest.mark.parametrize(
    "links",
    [
        {"d.yaml": "real"},
        {"d.yaml": "missing.yaml"},
        {"d.yaml": "../out.yaml"},
        {"d.yaml": "/etc/a.yaml"},
        {"d.yaml": "e.yaml", "e.yaml": "d.yaml"},
        {"link": "real"},
    ],
)
def test_other_links_are_not_followed(links: dict[str, str]) -> None:
    changes = run({"real/a.yaml": f"image: shop:1 {MARKER}\n"}, symlinks=links).changes
    assert [change.file for change in changes] == ["real/a.yaml"]


def test_the_path_itself_may_lead_through_links() -> None:
    files = {"real/apps/a.yaml": f"image: shop:1 {MARKER}\n"}
    assert list(run(files, path="live/apps", symlinks={"live": "/real"}).changed) == ["real/apps/a.yaml"]


def test_links_in_a_circle_have_an_end() -> None:
    with pytest.raises(SetterError, match="too many levels of symbolic links"):
        run({"a.yaml": "a: 1\n"}, path="x", symlinks={"x": "y", "y": "x"})


# What is reported.


def test_changes_name_the_object_of_their_document() -> None:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\n  namespace: staging\n"
        f"image: shop:1 {MARKER}\n---\nvalues:\n  image: shop:1 {MARKER}\n"
    )
    result = run({"app.yaml": text})
    change = Change("shop:1", "ghcr.io/acme/shop:1.4.0", "flux-system:shop")
    named, nameless = ObjectIdentifier("apps/v1", "Deployment", "shop", "staging"), ObjectIdentifier("", "", "", "")
    assert result.changes == [FileChange("app.yaml", named, change), FileChange("app.yaml", nameless, change)]
    assert result.by_file() == {"app.yaml": {named: [change], nameless: [change]}}
    assert result.by_object() == {named: [change], nameless: [change]}


@pytest.mark.parametrize("line", ["", "x:   y\n"])
def test_quick_and_long_way_name_objects_alike(line: str) -> None:
    text = f"apiVersion: \"v1\"\nkind: 'A'\nmetadata:\n  name: ~\n  namespace: 12\nimage: a {MARKER}\n{line}"
    assert run({"app.yaml": text}).changes[0].object == ObjectIdentifier("v1", "A", "", "12")


def test_quick_and_long_way_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "# shop\nkind: A\nmetadata:\n  name: x\nspec:\n  - name: a\n"
        f"    # which\n    image: 'a' {MARKER}\n  - b {TAG}\n  - |\n    literal\n"
    )
    quick = run({"app.yaml": text})
    monkeypatch.setattr(kyaml_known, "marked", lambda _text: None)
    kyaml_known.known.cache_clear()
    assert run({"app.yaml": text}) == quick
    assert len(quick.changes) == 2


def test_all_documents_of_a_changed_file_are_written_anew() -> None:
    text = f"---\na:\n    b: 1\n---\n# gone\n---\nc:\n    d: shop:1   {MARKER}\n\n"
    assert set_in(text) == f"a:\n  b: 1\n---\nc:\n  d: ghcr.io/acme/shop:1.4.0 {MARKER}\n"


def test_items_of_a_list_go_to_files_of_their_own() -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        f"  - kind: Pod\n    metadata:\n      name: a\n      namespace: n\n    image: shop:1 {MARKER}\n"
        "  - kind: Pod\n    metadata:\n      name: b\n    args:\n      - x\n"
    )
    result = run({"apps/list.yaml": text, "apps/n/pod_a.yaml": f"kind: B\nimage: shop:1 {MARKER}\n"}, path="apps")
    assert {path: data.decode() for path, data in result.changed.items()} == {
        "apps/n/pod_a.yaml": (
            f"kind: B\nimage: ghcr.io/acme/shop:1.4.0 {MARKER}\n---\n"
            f"kind: Pod\nmetadata:\n  name: a\n  namespace: n\nimage: ghcr.io/acme/shop:1.4.0 {MARKER}\n"
        ),
        "apps/pod_b.yaml": "kind: Pod\nmetadata:\n  name: b\nargs:\n- x\n",
    }
    assert [change.file for change in result.changes] == ["", "n/pod_a.yaml"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (f"- image: shop:1 {MARKER}\n", "missing Resource metadata"),
        (f"- x {MARKER}\n", "wrong node kind: expected MappingNode but got ScalarNode: node contents:\nx"),
        (f"- kind: A\n  image: shop:1 {MARKER}\n  metadata: {{name: ../../../x}}\n", "resource must be written under"),
        (f"- kind: A\n  image: shop:1 {MARKER}\n  metadata: {{namespace: /x}}\n", "may not be absolute paths"),
        (f"- kind: A\n  image: shop:1 {MARKER}\n- ~\n", "resources must be annotated with"),
    ],
)
def test_items_that_have_no_file_fail_the_run(item: str, message: str) -> None:
    with pytest.raises(SetterError, match=message):
        run({"list.yaml": f"kind: List\nitems:\n{item}"})


def test_a_file_that_claims_another_path_fails_the_run() -> None:
    text = f"metadata:\n  annotations:\n    config.kubernetes.io/path: b.yaml\nimage: shop:1 {MARKER}\n"
    with pytest.raises(SetterError, match="mismatched legacy and internal path annotations"):
        run({"a.yaml": text})
    assert b"config.kubernetes.io" not in run({"b.yaml": text}).changed["b.yaml"]


# Where markers are.


@pytest.mark.parametrize("line", ["", "x:   y\n"])
def test_markers_have_places(line: str) -> None:
    text = f'{line}a: shop:1 {MARKER}\n---\nb:\n  - name: "é"\n    c: "1" {TAG}\n  - d # {{"$imagepolicy": "n:p:q"}}\n'
    above = line.count("\n")
    assert find_markers("app.yaml", text.encode()) == [
        Marker(1 + above, 4, "flux-system:shop", "", "shop:1"),
        Marker(5 + above, 8, "flux-system:shop", "tag", "1"),
        Marker(6 + above, 5, "n:p:q", "", "d"),
    ]


@pytest.mark.parametrize("path", ["app.txt", "app.yaml"])
def test_no_markers_where_flux_sees_none(path: str) -> None:
    text = f"image: shop:1 {MARKER}\n" if path == "app.txt" else f"image: 'shop:1 {MARKER}\n"
    assert find_markers(path, text.encode()) == []
    assert find_markers("app.yaml", b"\xff" + text.encode()) == []
