"""Secrets that controllers are told to use. A real cluster holds some that Git does not.

What is named but not in the store is assumed to be there and right, and is listed with what was assumed, unless
assuming is off. What is there is read as Flux reads it; nothing is logged in to.
Source: source-controller v1.9.1 gitrepository_controller.go (getAuthOpts); image-reflector-controller v1.2.0
internal/registry/options.go; image-automation-controller v1.2.1 internal/source/git.go; fluxcd/pkg runtime v0.110.1 secrets.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Hashable, Mapping, Sequence

from fluxsim.formats import gitauth
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kube.meta import SECRET, Key, Kind
from fluxsim.kube.outcome import Failed, Stalled
from fluxsim.kube.store import Store

SERVICE_ACCOUNT = Kind("ServiceAccount")
CLOUDS = ("aws", "azure", "gcp")

_TLS = (("ca.crt", "caFile"), ("tls.crt", "certFile"), ("tls.key", "keyFile"))
"""Each key with the one that older Flux took."""


class MissingSecret(Exception):
    """A secret that is named is not there. The text is the API server's."""

    def __init__(self, name: str) -> None:
        super().__init__(f'secrets "{name}" not found')


class BadSecret(Exception):
    """A secret that is there does not hold what it should; the text is Flux's."""


class Credentials:
    """Looks secrets up for the controllers."""

    def __init__(self, store: Store, *, assume: bool = True) -> None:
        self._store = store
        self._assume = assume
        self.assumed: dict[Key, None] = {}
        self.declared: frozenset[Key] = frozenset()
        """Secrets that Git declares: a pod waits until they are applied."""

    # -- Git

    def git(self, repository: Map) -> str:
        """Return who a GitRepository is at its host, nobody without a secret; Failed or Stalled where it cannot be."""
        namespace, name = repository["metadata"]["namespace"], get(repository, "spec", "secretRef", "name")
        if name is None:
            if repository["spec"].get("provider") == "github":
                told = "secretRef with github app data must be specified when provider is set to github"
                raise Stalled("InvalidProviderConfiguration", told)
            return ""
        try:
            data = self.data(namespace, name)
        except MissingSecret as error:
            text = f"failed to get secret '{namespace}/{name}'"
            raise Failed("AuthenticationFailed", f"{text}: {text}: {error}") from error
        try:
            if data is not None:
                gitauth.git_auth(repository, data)
        except gitauth.FeatureGateNotEnabled as error:
            told = "to use spec.serviceAccountName for provider authentication please enable the %s feature gate in the controller"
            raise Stalled("FeatureGateDisabled", told % "ObjectLevelWorkloadIdentity") from error
        except gitauth.InvalidSourceConfiguration as error:
            text = str(error).removesuffix(": invalid source configuration")
            raise Failed("InvalidProviderConfiguration", text) from error
        except gitauth.AuthError as error:
            raise Failed("AuthenticationFailed", str(error)) from error
        return f"{namespace}/{name}"

    def automation(self, repository: Map) -> str:
        """Return who an automation is at the host of a GitRepository; gitauth.AuthError where it cannot be."""
        namespace, name = repository["metadata"]["namespace"], get(repository, "spec", "secretRef", "name")
        if name is None:
            if repository["spec"].get("provider") == "github":
                gitauth.git_auth(repository, None)
            return ""
        try:
            data = self.data(namespace, name)
        except MissingSecret as error:
            raise gitauth.AuthError(f"failed to get auth secret '{namespace}/{name}': {error}") from error
        if data is not None:
            gitauth.git_auth(repository, data)
        return f"{namespace}/{name}"

    # -- registries

    def registry(self, repository: Map) -> str:
        """Return who an ImageRepository is at its registry, nobody without a pull secret; BadSecret where it cannot be."""
        spec: Json = repository["spec"]
        namespace: str = repository["metadata"]["namespace"]
        proxy, certificate = get(spec, "proxySecretRef", "name"), get(spec, "certSecretRef", "name")
        if proxy is not None:
            self._check_proxy(namespace, proxy)
        provider = spec.get("provider") or "generic"
        if provider not in ("generic", *CLOUDS):
            raise BadSecret(f"provider '{provider}' not implemented")
        if certificate is not None:
            self._check_certificate(namespace, certificate)
        if provider in CLOUDS:
            return f"{provider}:{spec.get('serviceAccountName') or ''}"
        found: list[str] = []
        if get(spec, "secretRef", "name") is not None:
            self._existing(namespace, spec["secretRef"]["name"])
            found.append(spec["secretRef"]["name"])
        if spec.get("serviceAccountName"):
            found += self._pull_secrets(namespace, spec["serviceAccountName"])
        return f"{namespace}/{found[0]}" if found else ""

    def _check_proxy(self, namespace: str, name: str) -> None:
        data = self._named(namespace, name)
        if data is not None and "address" not in data:
            raise BadSecret(f"secret '{namespace}/{name}': key 'address' not found")
        if data is not None and not data["address"]:
            raise BadSecret(f"secret '{namespace}/{name}': proxy address is empty")

    def _check_certificate(self, namespace: str, name: str) -> None:
        data = self._existing(namespace, name)
        if data is None:
            return
        authority, certificate, key = (any(data.get(word) for word in words) for words in _TLS)
        if certificate and not key:
            raise BadSecret(f"secret '{namespace}/{name}' contains 'tls.crt' but missing 'tls.key'")
        if key and not certificate:
            raise BadSecret(f"secret '{namespace}/{name}' contains 'tls.key' but missing 'tls.crt'")
        if not (authority or certificate):
            told = "must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'"
            raise BadSecret(f"secret '{namespace}/{name}' {told}")

    def _pull_secrets(self, namespace: str, account: str) -> Sequence[str]:
        key = Key(SERVICE_ACCOUNT, namespace, account)
        obj = self._store.get(key)
        if obj is None:
            if not self._assume:
                raise BadSecret(f"serviceaccount '{namespace}/{account}' not found")
            self.assumed.setdefault(key)
            return ()
        names = [str(reference["name"]) for reference in obj.get("imagePullSecrets") or ()]
        for name in names:
            try:
                self._named(namespace, name)
            except BadSecret as error:
                text = f"failed to get image pull secret for serviceaccount '{namespace}/{account}': {error}"
                raise BadSecret(text) from error
        return names

    def _named(self, namespace: str, name: str) -> Mapping[str, str] | None:
        try:
            return self.data(namespace, name)
        except MissingSecret as error:
            raise BadSecret(f"secret '{namespace}/{name}' not found") from error

    def _existing(self, namespace: str, name: str) -> Mapping[str, str] | None:
        try:
            return self.data(namespace, name)
        except MissingSecret as error:
            raise BadSecret(str(error)) from error

    # -- secrets in general

    def data(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Return what a secret holds, decoded; None where the secret is only assumed. Raises MissingSecret."""
        key = Key(SECRET, namespace, name)
        if not self._may_use(key):
            raise MissingSecret(name)
        obj = self._store.get(key)
        if obj is None:
            return None
        encoded: Mapping[str, str] = obj.get("data") or {}
        plain: Mapping[str, str] = obj.get("stringData") or {}
        return {word: _decoded(value) for word, value in encoded.items()} | dict(plain)

    def state(self) -> Hashable:
        """Return what changes whenever a secret does: of what a run looks at, this part is not looked at one by one."""
        return (self._store.revision_of(SECRET), self._store.revision_of(SERVICE_ACCOUNT))

    def has(self, namespace: str, name: str) -> bool:
        """Return whether a pod finds the secret: it is there, or it is not in Git and so is assumed to be."""
        key = Key(SECRET, namespace, name)
        return self._store.get(key) is not None if key in self.declared else self._may_use(key)

    def _may_use(self, key: Key) -> bool:
        if self._store.get(key) is not None:
            return True
        if self._assume:
            self.assumed.setdefault(key)
        return self._assume


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return value
