"""Refusals of the API server, in its words.

ApiError             code, reason, message: renders as a Kubernetes Status
├── NotFound         404
├── AlreadyExists    409
├── Conflict         409  someone else wrote first, or another manager owns the field
├── Invalid          422  the object breaks a rule of its kind
├── BadRequest       400
├── Forbidden        403
└── NoKindMatch      404  the server does not serve that kind in that version
"""

from __future__ import annotations

from typing import ClassVar

from fluxsim.formats.tree import Json
from fluxsim.kube.meta import Key, Kind


class ApiError(Exception):
    """A request that the API server refuses."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(self, message: str, *, details: Json = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def status(self) -> dict[str, Json]:
        """Return the Kubernetes Status object."""
        body: dict[str, Json] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details is not None:
            body["details"] = self.details
        return body


class NotFound(ApiError):
    code = 404
    reason = "NotFound"

    @classmethod
    def of(cls, resource: str, name: str) -> NotFound:
        """`resource` as the server writes it: `deployments.apps`, `secrets`."""
        group = resource.partition(".")[2]
        details = {"name": name, "kind": resource.partition(".")[0]} | ({"group": group} if group else {})
        return cls(f'{resource} "{name}" not found', details=details)


class AlreadyExists(ApiError):
    code = 409
    reason = "AlreadyExists"


class Conflict(ApiError):
    code = 409
    reason = "Conflict"


class Invalid(ApiError):
    """`causes` are (field, message) pairs, each message with its type in front as the server prints it."""

    code = 422
    reason = "Invalid"

    @classmethod
    def of(cls, kind: Kind, name: str, causes: list[tuple[str, str]]) -> Invalid:
        texts = [f"{field}: {text}" for field, text in causes]
        told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        details = {
            "name": name,
            "group": kind.group,
            "kind": kind.name,
            "causes": [{"reason": _cause(told), "message": told, "field": field} for field, told in causes],
        }
        return cls(f'{kind} "{name}" is invalid: {told}', details=details)


class BadRequest(ApiError):
    code = 400
    reason = "BadRequest"


class Forbidden(ApiError):
    code = 403
    reason = "Forbidden"


class NoKindMatch(ApiError):
    code = 404
    reason = "NotFound"

    @classmethod
    def of(cls, kind: str, api_version: str) -> NoKindMatch:
        return cls(f'no matches for kind "{kind}" in version "{api_version}"')


_CAUSES = {
    "Invalid value": "FieldValueInvalid",
    "Required value": "FieldValueRequired",
    "Forbidden": "FieldValueForbidden",
    "Unsupported value": "FieldValueNotSupported",
    "Duplicate value": "FieldValueDuplicate",
    "Too long": "FieldValueTooLong",
}


def _cause(told: str) -> str:
    return _CAUSES.get(told.partition(":")[0], "FieldValueInvalid")


def changed_meanwhile(resource: str, key: Key) -> Conflict:
    """Return the Conflict of an update with an old resourceVersion."""
    return Conflict(
        f'Operation cannot be fulfilled on {resource} "{key.name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
