"""JSON patches (RFC 6902) as kustomize, kubectl and the API server apply them: more lenient than the RFC.

`replace` adds an absent key of a map, negative indexes count from the end, a path need not begin with a slash, and
`test` takes an absent key for null. The texts of the errors are the library's.
Source: gopkg.in/evanphx/json-patch.v4 v4.12 patch.go; kustomize api v0.21 filters/patchjson6902.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from fluxsim.formats import goyaml
from fluxsim.formats.gojson import compact
from fluxsim.formats.goyaml_scalars import plain
from fluxsim.formats.tree import Json, thaw

COPIED_BYTES_MAX = 3 * 1024 * 1024
"""What the copies of one patch may add, as in the API server: without it thirty operations fill the memory."""


class JsonPatchError(ValueError):
    """A patch that is none, or that does not apply."""


def operations(text: str) -> list[Json]:
    """Read a patch in JSON or YAML as kustomize does: text that begins with a bracket is JSON.

    Raises JsonPatchError when it is not a list of maps, goyaml.YamlError for bad YAML.
    """
    patch = _json(text) if text.startswith("[") else goyaml.load(text, dialect="yaml1.1")
    if patch is None:
        return []
    if not isinstance(patch, list):
        raise JsonPatchError(f"json: cannot unmarshal {_json_type(patch)} into Go value of type jsonpatch.Patch")
    for item in patch:
        if item is not None and not isinstance(item, dict):
            kind = _json_type(item)
            raise JsonPatchError(f"json: cannot unmarshal {kind} into Go value of type jsonpatch.Operation")
    return patch


def applied(document: Json, patch: Sequence[Json]) -> Json:
    """Return the document with the operations applied in turn, as an ordinary tree; the input stays as it is.

    Raises JsonPatchError at the first operation that does not apply.
    """
    patching = _Patching(thaw(document))
    for operation in patch:
        patching.apply(operation if isinstance(operation, Mapping) else {})
    return patching.document


class _Patching:
    def __init__(self, document: Json) -> None:
        self.document = document
        self.copied_bytes = 0

    def apply(self, operation: Mapping[str, Json]) -> None:
        kind = operation.get("op")
        kind = kind if isinstance(kind, str) else "unknown"
        known = {"add": self.add, "remove": self.remove, "replace": self.replace, "move": self.move}
        known |= {"test": self.test, "copy": self.copy}
        if kind not in known:
            raise JsonPatchError(f"Unexpected kind: {kind}")
        known[kind](operation)

    def add(self, operation: Mapping[str, Json]) -> None:
        path = _path(operation, "add operation failed to decode path", terse=True)
        parent, key = self._parent(path)
        if parent is None:
            raise _missing(f'add operation does not apply: doc is missing path: "{path}"')
        _add(f"error in add for path: '{path}'", parent, key, thaw(operation.get("value")))

    def remove(self, operation: Mapping[str, Json]) -> None:
        path = _path(operation, "remove operation failed to decode path", terse=True)
        parent, key = self._parent(path)
        if parent is None:
            raise _missing(f'remove operation does not apply: doc is missing path: "{path}"')
        _remove(parent, key, f"error in remove for path: '{path}'")

    def replace(self, operation: Mapping[str, Json]) -> None:
        path = _path(operation, "replace operation failed to decode path")
        value = thaw(operation.get("value"))
        if path == "":
            # The library means to refuse a scalar here, but its error comes out as none at all.
            self.document = value if isinstance(value, dict | list) else self.document
            return
        parent, key = self._parent(path)
        if parent is None:
            raise _missing(f"replace operation does not apply: doc is missing path: {path}")
        if isinstance(parent, dict):
            parent[key] = value
            return
        try:
            parent[_index(key, len(parent))] = value
        except _BadIndex as error:
            raise _missing(f"replace operation does not apply: doc is missing key: {path}") from error

    def move(self, operation: Mapping[str, Json]) -> None:
        source = _path(operation, "move operation failed to decode from", "from")
        parent, key = self._parent(source)
        if parent is None:
            raise _missing(f"move operation does not apply: doc is missing from path: {source}")
        context = f"error in move for path: '{key}'"
        value = _got(parent, key, context)
        _remove(parent, key, context)
        path = _path(operation, "move operation failed to decode path")
        parent, key = self._parent(path)
        if parent is None:
            raise _missing(f"move operation does not apply: doc is missing destination path: {path}")
        _add(f"error in move for path: '{path}'", parent, key, value)

    def test(self, operation: Mapping[str, Json]) -> None:
        path = _path(operation, "test operation failed to decode path")
        if path == "":
            found = self.document
        else:
            parent, key = self._parent(path)
            if parent is None:
                raise _missing(f"test operation does not apply: is missing path: {path}")
            found = _got(parent, key, f"error in test for path: '{path}'")
        if compact(found) != compact(operation.get("value")):
            raise JsonPatchError(f"testing value {path} failed: test failed")

    def copy(self, operation: Mapping[str, Json]) -> None:
        source = _path(operation, "copy operation failed to decode from", "from")
        parent, key = self._parent(source)
        if parent is None:
            raise _missing(f"copy operation does not apply: doc is missing from path: {source}")
        value = _got(parent, key, f"error in copy for from: '{source}'")
        path = _path(operation, "copy operation failed to decode path", terse=True)
        parent, key = self._parent(path)
        if parent is None:
            raise _missing(f"copy operation does not apply: doc is missing destination path: {path}")
        self.copied_bytes += len(compact(value).encode("utf-8", "replace"))
        if self.copied_bytes > COPIED_BYTES_MAX:
            raise JsonPatchError(
                "Unable to complete the copy, the accumulated size increase of copy is "
                f"{self.copied_bytes}, exceeding the limit {COPIED_BYTES_MAX}"
            )
        _add("error while adding value during copy", parent, key, thaw(value))

    def _parent(self, path: str) -> tuple[Json, str]:
        """Return the map or list that holds what the path names, None where there is none, and the last key."""
        parts = path.split("/")[1:]
        if not parts:
            return None, ""
        found = self.document
        for part in parts[:-1]:
            found = _child(found, _unescaped(part))
        return (found if isinstance(found, dict | list) else None), _unescaped(parts[-1])


class _BadIndex(ValueError):
    """Not an index of this list, in the library's words."""


def _add(context: str, parent: Json, key: str, value: Json) -> None:
    """Add a value to a map or list; an error is told after the context."""
    if isinstance(parent, dict):
        parent[key] = value
    elif key == "-":
        parent.append(value)
    else:
        try:
            parent.insert(_index(key, len(parent) + 1), value)
        except _BadIndex as error:
            text = str(error)
            proper = f"value was not a proper array index: '{key}': {text}" if text.startswith("strconv") else text
            raise JsonPatchError(f"{context}: {proper}") from error


def _remove(parent: Json, key: str, context: str) -> None:
    if isinstance(parent, dict):
        if key not in parent:
            raise _missing(f"{context}: Unable to remove nonexistent key: {key}")
        del parent[key]
        return
    try:
        del parent[_index(key, len(parent))]
    except _BadIndex as error:
        raise JsonPatchError(f"{context}: {error}") from error


def _got(parent: Json, key: str, context: str) -> Json:
    if isinstance(parent, dict):
        return parent.get(key)
    try:
        return parent[_index(key, len(parent))]
    except _BadIndex as error:
        raise JsonPatchError(f"{context}: {error}") from error


def _child(found: Json, key: str) -> Json:
    if isinstance(found, dict):
        return found.get(key)
    if not isinstance(found, list):
        return None
    try:
        return found[_index(key, len(found))]
    except _BadIndex:
        return None


_INDEX = re.compile(r"[+-]?[0-9]+", re.ASCII)


def _index(key: str, size: int) -> int:
    if not _INDEX.fullmatch(key):
        raise _BadIndex(f'strconv.Atoi: parsing "{key}": invalid syntax')
    if len(key) > 18:
        raise _BadIndex(f'strconv.Atoi: parsing "{key}": value out of range')
    index = int(key)
    if not -size <= index < size:
        raise _BadIndex(f"Unable to access invalid index: {index}: invalid index referenced")
    return index + size if index < 0 else index


def _path(operation: Mapping[str, Json], failed: str, field: str = "path", *, terse: bool = False) -> str:
    """Return the path; `terse` operations do not say why there is none."""
    path = operation.get(field)
    if isinstance(path, str):
        return path
    if terse:
        raise _missing(failed)
    if path is None:
        raise _missing(f"{failed}: operation{',' if field == 'from' else ''} missing {field} field")
    raise JsonPatchError(f"{failed}: json: cannot unmarshal {_json_type(path)} into Go value of type string")


def _missing(text: str) -> JsonPatchError:
    return JsonPatchError(f"{text}: missing value")


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _json_type(value: Json) -> str:
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, bool):
        return "bool"
    return "string" if isinstance(value, str) else "number"


def _json(text: str) -> Json:
    try:
        # Numbers mean what they mean in YAML, to which the patched object goes back: 1.0 is 1.
        return json.loads(text, parse_float=lambda number: plain(number, "yaml1.1"))
    except json.JSONDecodeError as error:
        raise JsonPatchError(f"invalid JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise JsonPatchError("json: exceeded max depth") from error
