from __future__ import annotations

import pytest

from fluxsim.formats.committemplate import CommitTemplateFault, RemovedTemplateField, rendered
from fluxsim.formats.kyaml_changes import Change, FileChange, ObjectIdentifier

API = ObjectIdentifier("apps/v1", "Deployment", "api", "staging")
WEB = ObjectIdentifier("apps/v1", "Deployment", "web", "staging")
CHANGES = [
    FileChange("web.yaml", WEB, Change("web:1", "web:2", "apps:web")),
    FileChange("api.yaml", API, Change("api:1", "api:2", "apps:api")),
    FileChange("api.yaml", API, Change("1", "2", "apps:api:tag")),
    FileChange("copy.yaml", API, Change("api:1", "api:2", "apps:api")),
]


def message(template: str, values: dict[str, str] | None = None) -> str:
    return rendered(template, namespace="flux-system", name="podinfo", values=values, changes=CHANGES)


def test_without_a_template_the_default_message_is_committed() -> None:
    assert message("") == "Update from image update automation"


def test_files_and_objects_come_sorted() -> None:
    template = "{{range $file, $objects := .Changed.FileChanges}}{{$file}}:{{range $o, $_ := $objects}}{{$o.Name}} {{end}}{{end}}"
    assert message(template) == "api.yaml:api copy.yaml:api web.yaml:web "


def test_objects_gather_their_changes_of_all_files() -> None:
    assert (
        message("{{range $o, $c := .Changed.Objects}}{{$o.Kind}}/{{$o.Name}}={{len $c}} {{end}}")
        == "Deployment/api=3 Deployment/web=1 "
    )


def test_equal_changes_are_listed_once_in_the_order_they_were_made() -> None:
    assert message("{{range .Changed.Changes}}{{.OldValue}}>{{.NewValue}} {{.Setter}};{{end}}") == (
        "web:1>web:2 apps:web;api:1>api:2 apps:api;1>2 apps:api:tag;"
    )


def test_values_and_the_automation_are_at_hand() -> None:
    assert message("{{.AutomationObject}} {{.AutomationObject.Name}} {{.Values.env}}", {"env": "prod"}) == (
        "flux-system/podinfo podinfo prod"
    )
    assert message("{{.Values.env}}|{{index .Values `env`}}") == "<no value>|"


def test_changes_can_be_written_as_json() -> None:
    assert (
        message("{{.Changed.Changes | first | toJson}}")
        == '{"OldValue":"web:1","NewValue":"web:2","Setter":"apps:web"}'
    )
    assert message("{{.AutomationObject | toJson}}") == '{"Namespace":"flux-system","Name":"podinfo"}'


@pytest.mark.parametrize("template", ["{{.Updated.Files}}", "{{range .Updated.Images}}{{end}}"])
def test_the_removed_updated_field_stalls(template: str) -> None:
    with pytest.raises(RemovedTemplateField, match=r"^template uses removed '\.Updated' field\."):
        message(template)


def test_the_removed_image_result_stalls() -> None:
    with pytest.raises(RemovedTemplateField, match=r"'\.Changed\.FileChanges' or '\.Changed\.Objects' instead"):
        message("{{.Changed.ImageResult.Files}}")


def test_a_removed_field_that_is_not_reached_does_no_harm() -> None:
    assert message("{{if false}}{{.Updated}}{{end}}ok") == "ok"


def test_other_faults_say_in_which_step_they_arose() -> None:
    with pytest.raises(
        CommitTemplateFault, match=r"^unable to create commit message template from spec: template: commit"
    ):
        message("{{.")
    with pytest.raises(CommitTemplateFault, match=r"^failed to run template from spec: template: commit") as failed:
        message("{{.Changed.Nope}}")
    assert not isinstance(failed.value, RemovedTemplateField)
