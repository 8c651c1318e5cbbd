"""Label selectors of the API: matchLabels and matchExpressions.

Source: k8s.io/apimachinery v0.33 pkg/apis/meta/v1/helpers.go LabelSelectorAsSelector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fluxsim.formats.tree import Json

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class InvalidSelector(ValueError):
    """A selector that the API machinery refuses."""


@dataclass(frozen=True, slots=True)
class Requirement:
    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        match self.operator:
            case "In":
                return self.key in labels and labels[self.key] in self.values
            case "NotIn":
                return self.key not in labels or labels[self.key] not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels


@dataclass(frozen=True, slots=True)
class Selector:
    """All requirements must hold. Without any it matches everything; an absent selector does too, where callers say so."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.holds(labels) for requirement in self.requirements)


def parse(selector: Json) -> Selector:
    """Return the selector of a LabelSelector tree, None for all; InvalidSelector with the API machinery's text."""
    if selector is None:
        return Selector()
    found = [Requirement(key, "In", (value,)) for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for entry in selector.get("matchExpressions") or ():
        operator = entry.get("operator", "")
        values: tuple[str, ...] = tuple(entry.get("values") or ())
        if operator not in _OPERATORS:
            raise InvalidSelector(f'"{operator}" is not a valid label selector operator')
        if operator in ("In", "NotIn") and not values:
            raise InvalidSelector("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
        if operator in ("Exists", "DoesNotExist") and values:
            listed = ", ".join(f'"{value}"' for value in values)
            raise InvalidSelector(
                f"values: Invalid value: [{listed}]: values set must be empty for exists and does not exist"
            )
        found.append(Requirement(entry.get("key", ""), operator, values))
    return Selector(tuple(found))
