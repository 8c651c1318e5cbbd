from __future__ import annotations

from typing import Any

from tests.formats.kustomize.overlay import failure, one

HOLDER = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: holder}
data:
  app.yaml: |
    # how it listens
    server:
      port: 80  # the port
      host: "localhost"
    list:
      - a
  flat.json: '{"b": 1, "a": {"c": "x"}}'
  wide.json: |-
    {
      "b": 1
    }
"""


def set_to(value: str, field: str, options: str = "") -> Any:
    entry = f"{{sourceValue: {value}, targets: [{{select: {{kind: ConfigMap}}, fieldPaths: ['{field}']{options}}}]}}"
    return one(f"resources: [x.yaml]\nreplacements: [{entry}]", {"x.yaml": HOLDER})["data"]


def test_yaml_in_a_string_keeps_its_comments() -> None:
    assert set_to("'81'", r"data.app\.yaml.server.port")["app.yaml"] == (
        '# how it listens\nserver:\n  port: 81 # the port\n  host: "localhost"\nlist:\n- a'
    )


def test_json_in_a_string_stays_json() -> None:
    assert set_to("z", r"data.flat\.json.a.c")["flat.json"] == '{"a":{"c":"z"},"b":1}'
    assert set_to("'2'", r"data.wide\.json.b")["wide.json"] == '{\n  "b": 2\n}'


def test_a_field_is_made_in_the_string_when_asked() -> None:
    made = set_to("'9'", r"data.app\.yaml.server.more", ", options: {create: true}")
    assert '  host: "localhost"\n  more: 9\n' in made["app.yaml"]


def test_a_field_that_is_not_in_the_string_is_not_found() -> None:
    entry = r"{sourceValue: a, targets: [{select: {kind: ConfigMap}, fieldPaths: ['data.app\.yaml.none.here']}]}"
    text = failure(f"resources: [x.yaml]\nreplacements: [{entry}]", {"x.yaml": HOLDER})
    assert text == r'unable to find field "data.app\\.yaml.none.here" in replacement target'
