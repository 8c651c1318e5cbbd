"""`openapi:` which schema tells how lists merge. The first kustomization of a build that names one decides.

Source: kyaml v0.21 openapi/openapi.go (`SetSchema`, `initSchema`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from fluxsim.formats import goyaml
from fluxsim.formats.kustomize.errors import KustomizeError
from fluxsim.formats.openapi import Schema, Schemas, built_in

BUILT_IN_VERSION = "v1.21.2"


class SchemaChoice:
    """The schema of one build. `objects_read` makes a later custom one an addition to the built-in."""

    def __init__(self) -> None:
        self.schemas: Schemas | None = None
        self.objects_read = False
        self._decided = False

    def choose(self, openapi: Mapping[str, str] | None, data: bytes | None) -> None:
        """Take what a kustomization says; `data` is the file under `path`. Raises KustomizeError."""
        if self._decided:
            return
        version = (openapi or {}).get("version")
        if data is not None:
            if version is not None:
                raise KustomizeError("builtin version and custom schema provided, cannot use both")
            custom = _read(data)
            self.schemas = _Both(custom) if self.objects_read else custom
            self._decided = True
        elif version:
            if version != BUILT_IN_VERSION:
                raise KustomizeError("the specified OpenAPI version is not built in")
            self._decided = True


class _Both(Schemas):
    """A custom schema beside the built-in one."""

    def __init__(self, custom: Schemas) -> None:
        super().__init__({"types": {}, "kinds": {}})
        self._custom = custom

    def of(self, api_version: str, kind: str) -> Schema | None:
        return self._custom.of(api_version, kind) or built_in().of(api_version, kind)


def _read(data: bytes) -> Schemas:
    try:
        document = json.loads(data) if data.startswith(b"{") else goyaml.load(data, dialect="yaml1.1")
    except (goyaml.YamlError, ValueError) as error:
        raise KustomizeError(f"invalid schema file: {error}") from error
    return Schemas.from_openapi(document if isinstance(document, Mapping) else {})
