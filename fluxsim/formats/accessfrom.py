"""Who may refer to an object in another namespace.

Source: image-reflector-controller v1.2.0 (getImageRepository), image-automation-controller v1.2.1 (NewSourceManager),
fluxcd/pkg runtime v0.110.1 acl/acl.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from fluxsim.formats.tree import Json, get


def denial(
    repository: Json,
    *,
    policy_namespace: str,
    policy_namespace_labels: Mapping[str, str],
    no_cross_namespace_refs: bool = False,
) -> str:
    """Return why an ImagePolicy of the namespace may not use the ImageRepository; nothing where it may."""
    namespace, name = repository["metadata"]["namespace"], repository["metadata"]["name"]
    if no_cross_namespace_refs and namespace != policy_namespace:
        return cross_namespace_denial("ImageRepository", namespace, name)
    reason = acl_denial(
        get(repository, "spec", "accessFrom"),
        namespace=namespace,
        name=name,
        from_namespace=policy_namespace,
        from_namespace_labels=policy_namespace_labels,
    )
    return f"access denied: {reason}" if reason else ""


def acl_denial(
    access_from: Json, *, namespace: str, name: str, from_namespace: str, from_namespace_labels: Mapping[str, str]
) -> str:
    """Return why `accessFrom` of an object keeps another namespace out; nothing where it does not.

    Selectors are alternatives, labels of a selector must all match, a selector without labels matches every
    namespace. An empty list of selectors matches none.
    """
    if namespace in ("", from_namespace):
        return ""
    if access_from is None:
        return f"'{namespace}/{name}' can't be accessed due to missing ACL labels on 'accessFrom'"
    for selector in access_from.get("namespaceSelectors") or ():
        wanted: Mapping[str, str] = selector.get("matchLabels") or {}
        if all(from_namespace_labels.get(label) == value for label, value in wanted.items()):
            return ""
    return f"'{namespace}/{name}' can't be accessed due to ACL labels mismatch on namespace '{from_namespace}'"


def cross_namespace_denial(kind: str, namespace: str, name: str) -> str:
    """Return what image-reflector-controller says where --no-cross-namespace-refs blocks a reference."""
    return f"cannot access '{kind}/{namespace}/{name}', cross-namespace references have been blocked"


def source_denial(namespace: str, name: str, *, from_namespace: str, no_cross_namespace_refs: bool) -> str:
    """Return why an ImageUpdateAutomation of the namespace may not use the GitRepository; nothing where it may.

    There is no accessFrom here: only --no-cross-namespace-refs keeps anyone out.
    """
    if no_cross_namespace_refs and namespace != from_namespace:
        return f"can't access 'GitRepository/{namespace}/{name}', cross-namespace references have been blocked"
    return ""


def missing(kind: str, error: str) -> str:
    """Return what is said of an object that is referred to and does not exist; `error` is that of the API server."""
    return f"referenced {kind} does not exist: {error}"
