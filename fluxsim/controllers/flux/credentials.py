"""Secrets that controllers are told to use. A real cluster holds some that Git does not.

A secret that is named but not in the store is assumed to be there and right, and is listed with what was
assumed, unless assuming is off.
"""

from __future__ import annotations

from fluxsim.kube.meta import SECRET, Key
from fluxsim.kube.outcome import Failed
from fluxsim.kube.store import Store


class Credentials:
    """Looks secrets up for the controllers."""

    def __init__(self, store: Store, *, assume: bool = True) -> None:
        self._store = store
        self._assume = assume
        self.assumed: dict[Key, None] = {}

    def git(self, namespace: str, name: str | None) -> str:
        """Return who the secret of a GitRepository stands for at the Git host; nobody without one."""
        if name is None:
            return ""
        if not self.has(namespace, name):
            text = f"failed to get secret '{namespace}/{name}'"
            raise Failed("AuthenticationFailed", f'{text}: {text}: secrets "{name}" not found')
        return f"{namespace}/{name}"

    def registry(self, namespace: str, name: str | None) -> str:
        """Return who the pull secret stands for at the registry; nobody without one."""
        if name is None:
            return ""
        if not self.has(namespace, name):
            raise Failed(
                "AuthenticationFailed", f'failed to configure authentication options: secrets "{name}" not found'
            )
        return f"{namespace}/{name}"

    def has(self, namespace: str, name: str) -> bool:
        """Return whether the secret is there, or assumed to be."""
        key = Key(SECRET, namespace, name)
        if self._store.get(key) is not None:
            return True
        if self._assume:
            self.assumed.setdefault(key)
        return self._assume
