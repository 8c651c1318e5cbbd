"""What the API server refuses in Deployments, ReplicaSets and pods, of all that a lab can get wrong; in its words.

Source: kubernetes v1.33 pkg/apis/apps/validation/validation.go, pkg/apis/core/validation/validation.go,
apimachinery pkg/util/validation (values are told as JSON, as servers do from 1.34 on).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from fluxsim.formats.gojson import Fields, compact
from fluxsim.formats.labelselector import InvalidSelector, parse
from fluxsim.formats.tree import EMPTY_MAP, Json, get

Causes: TypeAlias = list[tuple[str, str]]
"""(field, message with its type in front), in the server's order."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_PATTERN = re.compile(_LABEL)
_SUBDOMAIN_PATTERN = re.compile(_SUBDOMAIN)
_PERCENT = re.compile("[0-9]+%")
_POLICIES = ("Always", "IfNotPresent", "Never")


def of_name(name: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with an object's name."""
    if not _SUBDOMAIN_PATTERN.fullmatch(name):
        told = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
            f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
        )
        yield "metadata.name", _invalid(name, told)


def of_workload(spec: Json, old: Json) -> Causes:
    """Return what is wrong with a Deployment's or ReplicaSet's size, selector and template."""
    causes: Causes = []
    same_template = old is not None and spec["template"] is old["spec"]["template"]
    same_selector = old is not None and spec.get("selector") == old["spec"].get("selector")
    causes.extend(_not_negative(spec, "replicas"))
    if not (same_template and same_selector):
        causes.extend(_selector(spec))
        causes.extend(of_pod(spec["template"].get("spec") or EMPTY_MAP, "spec.template.spec"))
        restart = get(spec["template"], "spec", "restartPolicy")
        if restart != "Always":
            causes.append(("spec.template.spec.restartPolicy", _unsupported(restart, ("Always",))))
    causes.extend(_not_negative(spec, "minReadySeconds"))
    if old is not None and not same_selector:
        causes.append(("spec.selector", _invalid(spec.get("selector"), "field is immutable")))
    return causes


def of_rollout(spec: Json) -> Causes:
    """Return what is wrong with the strategy, the history and the deadline of a Deployment with its defaults."""
    causes: Causes = []
    strategy = spec["strategy"]
    kind, rolling = strategy["type"], strategy.get("rollingUpdate")
    if kind == "Recreate" and rolling is not None:
        told = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        causes.append(("spec.strategy.rollingUpdate", told))
    elif kind == "RollingUpdate":
        causes.extend(_steps(rolling))
    elif kind != "Recreate":
        shown = Fields({"Type": kind, "RollingUpdate": rolling})
        causes.append(("spec.strategy", _unsupported(shown, ("Recreate", "RollingUpdate"))))
    causes.extend(_not_negative(spec, "revisionHistoryLimit"))
    causes.extend(_not_negative(spec, "progressDeadlineSeconds"))
    deadline = spec["progressDeadlineSeconds"]
    if deadline <= (spec.get("minReadySeconds") or 0):
        causes.append(("spec.progressDeadlineSeconds", _invalid(deadline, "must be greater than minReadySeconds")))
    return causes


def of_pod(spec: Json, where: str) -> Causes:
    """Return what is wrong with the containers of a pod spec."""
    causes: Causes = []
    if not spec.get("containers"):
        causes.append((f"{where}.containers", "Required value"))
    for name in ("initContainers", "containers"):
        seen: dict[str, None] = {}
        for index, container in enumerate(spec.get(name) or ()):
            causes.extend(_container(container, f"{where}.{name}[{index}]", seen))
    return causes


def _selector(spec: Json) -> Iterator[tuple[str, str]]:
    selector, labels = spec.get("selector"), get(spec, "template", "metadata", "labels", default=None)
    if selector is None:
        yield "spec.selector", "Required value"
        return
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield "spec.selector", _invalid(selector, "empty selector is invalid for deployment")
        return
    try:
        matches = parse(selector).matches(labels or {})
    except InvalidSelector:
        yield "spec.selector", _invalid(selector, "invalid label selector")
        return
    if not matches:
        yield "spec.template.metadata.labels", _invalid(labels, "`selector` does not match template `labels`")


def _container(container: Json, where: str, seen: dict[str, None]) -> Iterator[tuple[str, str]]:
    name, image, policy = container.get("name") or "", container.get("image") or "", container.get("imagePullPolicy")
    if not name:
        yield f"{where}.name", "Required value"
    elif not _LABEL_PATTERN.fullmatch(name):
        told = (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
            f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
        )
        yield f"{where}.name", _invalid(name, told)
    elif name in seen:
        yield f"{where}.name", f"Duplicate value: {_shown(name)}"
    seen[name] = None
    if not image:
        yield f"{where}.image", "Required value"
    elif image != image.strip():
        yield f"{where}.image", _invalid(image, "must not have leading or trailing whitespace")
    if policy not in _POLICIES:
        yield f"{where}.imagePullPolicy", _unsupported(policy, _POLICIES)


def _steps(rolling: Json) -> Iterator[tuple[str, str]]:
    for name in ("maxUnavailable", "maxSurge"):
        value = rolling[name]
        if isinstance(value, str) and not _PERCENT.fullmatch(value):
            told = (
                "a valid percent string must be a numeric string followed by an ending '%' "
                "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            )
            yield f"spec.strategy.rollingUpdate.{name}", _invalid(value, told)
        elif not isinstance(value, str) and value < 0:
            yield f"spec.strategy.rollingUpdate.{name}", _invalid(value, "must be greater than or equal to 0")
    where, unavailable = "spec.strategy.rollingUpdate.maxUnavailable", rolling["maxUnavailable"]
    if _number(unavailable) == 0 and _number(rolling["maxSurge"]) == 0:
        yield where, _invalid(unavailable, "may not be 0 when `maxSurge` is 0")
    if isinstance(unavailable, str) and _number(unavailable) > 100:
        yield where, _invalid(unavailable, "must not be greater than 100%")


def _number(value: Json) -> int:
    """Return a number, or the number of percent; what is neither is no zero."""
    if isinstance(value, str):
        return int(value[:-1]) if _PERCENT.fullmatch(value) else 0
    return int(value)


def _not_negative(spec: Json, name: str) -> Causes:
    value = spec.get(name)
    if value is None or value >= 0:
        return []
    return [(f"spec.{name}", _invalid(value, "must be greater than or equal to 0"))]


def _invalid(value: Json, told: str) -> str:
    return f"Invalid value: {_shown(value)}: {told}"


def _unsupported(value: Json, supported: tuple[str, ...]) -> str:
    return f"Unsupported value: {_shown(value)}: supported values: {', '.join(_shown(word) for word in supported)}"


def _shown(value: Json) -> str:
    """Write a value as the server shows it: as Go's JSON, maps sorted, a selector in the order of its struct."""
    if isinstance(value, dict) and ("matchLabels" in value or "matchExpressions" in value):
        value = Fields({name: value[name] for name in ("matchLabels", "matchExpressions") if value.get(name)})
    return compact(value)
