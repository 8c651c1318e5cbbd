"""How a build fails: kustomize's words, wrapped layer by layer as kustomize wraps them."""

from __future__ import annotations


class KustomizeError(ValueError):
    """A build that kustomize refuses; str() is what it prints after `error: `."""

    late = False
    """Whether kustomize meets the error only when it prints: then no layer wraps it, wherever we notice it."""

    def within(self, prefix: str) -> KustomizeError:
        """Return the error with `prefix: ` before its text."""
        return type(self)(f"{prefix}: {self}")


class MalformedYaml(KustomizeError):
    """A resource file that is no YAML. It is told alone: that the path is no directory either would only confuse."""


class LateError(KustomizeError):
    """An error that kustomize meets when it prints."""

    late = True

    def within(self, prefix: str) -> KustomizeError:
        return self
