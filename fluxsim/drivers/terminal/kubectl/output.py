"""`-o`: json, yaml, name, jsonpath=… and custom-columns=….

Source: k8s.io/cli-runtime pkg/printers; kubectl v1.32 pkg/cmd/get/customcolumn.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fluxsim.drivers.terminal.console import Failed
from fluxsim.drivers.terminal.tables import kubectl_table
from fluxsim.formats import gojson, goyaml_write
from fluxsim.formats.jsonpath import JSONPathError, Template, relaxed
from fluxsim.formats.tree import Json, without
from fluxsim.kube.kinds import served
from fluxsim.kube.meta import kind_of
from fluxsim.world.commandline import Arguments

FORMATS = "custom-columns,json,jsonpath,jsonpath-as-json,name,wide,yaml"


def written(objects: Sequence[Json], given: Arguments, *, single: bool) -> str:
    """Return the objects in the format of `-o`: one alone as itself, several as a List. Failed with kubectl's error."""
    form, _equals, argument = given.text("output").partition("=")
    argument = argument or given.text("template")
    match form:
        case "name":
            return "".join(f"{prefix_of(obj)}/{obj['metadata']['name']}\n" for obj in objects)
        case "json" | "yaml":
            shown = objects if given.on("show-managed-fields") else [_without_managers(obj) for obj in objects]
            tree = shown[0] if single else _listed(shown)
            return f"{gojson.indented(_sorted(tree), '    ')}\n" if form == "json" else goyaml_write.dump(tree)
        case "jsonpath" | "jsonpath-as-json":
            if not argument:
                raise Failed("error: template format specified but no template given")
            tree = objects[0] if single else _listed(objects)
            return _path(argument, tree, as_json=form.endswith("json"))
        case "custom-columns":
            return _columns(argument, objects, headings=not given.on("no-headers"))
        case _:
            raise Failed(
                f'error: unable to match a printer suitable for the output format "{form}", allowed formats are: {FORMATS}'
            )


def prefix_of(obj: Json) -> str:
    """Return what stands before a name: `deployment.apps`, `pod`."""
    kind = served(kind_of(obj)).kind
    return f"{kind.name.lower()}.{kind.group}" if kind.group else kind.name.lower()


def _path(template: str, tree: Json, *, as_json: bool) -> str:
    try:
        parsed = Template(template)
    except JSONPathError as error:
        raise Failed(f"error: error parsing jsonpath {template}, {error}") from error
    try:
        return parsed.execute(tree, allow_missing_keys=True, as_json=as_json)
    except JSONPathError as error:
        told = f'error: error executing jsonpath "{template}": Error executing template: {error}. Printing more information for debugging the template:'
        raise Failed(f"{told}\n\ttemplate was:\n\t\t{template}\n") from error


def _columns(spec: str, objects: Sequence[Json], *, headings: bool) -> str:
    if not spec:
        raise Failed("error: custom-columns format specified but no custom columns given")
    columns: list[tuple[str, Template]] = []
    for part in spec.split(","):
        name, colon, path = part.partition(":")
        if not colon:
            raise Failed(f"error: unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        try:
            columns.append((name, Template(relaxed(path))))
        except JSONPathError as error:
            raise Failed(f"error: {error}") from error
    rows = [[_cell(path, obj) for _name, path in columns] for obj in objects]
    return kubectl_table([name for name, _path in columns] if headings else [], rows)


def _cell(path: Template, obj: Json) -> str:
    try:
        values = [value for values in path.find(obj, allow_missing_keys=True) for value in values]
    except JSONPathError as error:
        raise Failed(f"error: {error}") from error
    return ",".join(value if isinstance(value, str) else gojson.compact(value) for value in values) or "<none>"


def _listed(objects: Sequence[Json]) -> Json:
    return {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {"resourceVersion": ""}}


def _without_managers(obj: Json) -> Json:
    return without(obj, ("metadata", "managedFields"))


def _sorted(tree: Json) -> Json:
    if isinstance(tree, dict):
        return {name: _sorted(tree[name]) for name in sorted(tree)}
    return [_sorted(item) for item in tree] if isinstance(tree, list) else tree
