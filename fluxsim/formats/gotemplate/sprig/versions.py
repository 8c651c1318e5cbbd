"""semver and semverCompare.

Source: Masterminds/sprig v3.3.0 semver.go; Masterminds/semver v3.5.0 version.go.
"""

from __future__ import annotations

from fluxsim.formats.gotemplate.errors import FunctionFault
from fluxsim.formats.gotemplate.values import Function, Struct, Uint64, Value
from fluxsim.formats.semver import (
    InvalidConstraint,
    InvalidVersion,
    Version,
    compare,
    parse_constraint,
    parse_version,
)

_POINTER = "*semver.Version"


def _parsed(text: str) -> Version:
    try:
        return parse_version(text)
    except InvalidVersion as error:
        raise FunctionFault(str(error)) from error


def _satisfies(constraint: str, version: str) -> bool:
    try:
        parsed = parse_constraint(constraint)
    except InvalidConstraint as error:
        raise FunctionFault(str(error)) from error
    return parsed.allows(_parsed(version))


def _struct(version: Version, *, pointer: bool) -> Struct:
    """The version as templates see it; Go lets only a pointer compare, and what Inc… returns is none."""
    methods = {
        "String": Function(lambda: str(version)),
        "Major": Function(lambda: Uint64(version.major)),
        "Minor": Function(lambda: Uint64(version.minor)),
        "Patch": Function(lambda: Uint64(version.patch)),
        "Prerelease": Function(lambda: version.pre),
        "Metadata": Function(lambda: version.metadata),
        "IncPatch": Function(lambda: _raised(version, "patch")),
        "IncMinor": Function(lambda: _raised(version, "minor")),
        "IncMajor": Function(lambda: _raised(version, "major")),
        "SetPrerelease": Function(lambda pre: _checked(version._replace(pre=pre), version, "prerelease"), ("string",)),
        "SetMetadata": Function(
            lambda text: _checked(version._replace(metadata=text), version, "metadata"), ("string",)
        ),
    }
    if pointer:
        methods["Original"] = Function(lambda: version.original)
        methods["Compare"] = Function(lambda other: compare(version, _version(other)), (_POINTER,))
        for name, accepted in {
            "LessThan": (-1,),
            "LessThanEqual": (-1, 0),
            "GreaterThan": (1,),
            "GreaterThanEqual": (0, 1),
            "Equal": (0,),
        }.items():
            methods[name] = _comparison(version, accepted)
    return Struct("semver.Version", {}, methods=methods, text=str(version), pointer=pointer, json=str(version))


def _comparison(version: Version, accepted: tuple[int, ...]) -> Function:
    return Function(lambda other: compare(version, _version(other)) in accepted, (_POINTER,))


def _version(value: Value) -> Version:
    if value is None:
        raise FunctionFault("runtime error: invalid memory address or nil pointer dereference")
    return parse_version(value.text)


def _raised(version: Version, part: str) -> Struct:
    """The next version; the next patch of a prerelease is its release."""
    released = version._replace(pre="", metadata="")
    if part == "major":
        released = released._replace(major=version.major + 1, minor=0, patch=0)
    elif part == "minor":
        released = released._replace(minor=version.minor + 1, patch=0)
    elif not version.pre:
        released = released._replace(patch=version.patch + 1)
    return _struct(_written(released, version), pointer=False)


def _checked(version: Version, before: Version, part: str) -> Struct:
    try:
        parse_version(str(version))
    except InvalidVersion as error:
        raise FunctionFault(f"invalid {part} string") from error
    return _struct(_written(version, before), pointer=False)


def _written(version: Version, before: Version) -> Version:
    prefix = "v" if before.original.startswith("v") else ""
    return version._replace(original=f"{prefix}{version}")


FUNCTIONS: dict[str, Function] = {
    "semver": Function(lambda text: _struct(_parsed(text), pointer=True), ("string",)),
    "semverCompare": Function(_satisfies, ("string", "string")),
}
