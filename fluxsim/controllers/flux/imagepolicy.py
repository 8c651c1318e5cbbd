"""ImagePolicy: elects one of the scanned tags and publishes it as status.latestRef."""

from __future__ import annotations

from collections.abc import Generator

from fluxsim.controllers.flux.credentials import BadSecret, Credentials
from fluxsim.controllers.flux.lifecycle import Attempt, Progress
from fluxsim.controllers.latencies import Latencies
from fluxsim.formats import accessfrom, latestref
from fluxsim.formats.imageref import ImageUrlInvalid, canonical_name
from fluxsim.formats.tagpolicy import Explanation, InvalidPolicy, NoLatestTag, PolicyIndexes, policy_of
from fluxsim.formats.tree import Json, Map, get
from fluxsim.kernel.chance import Chance
from fluxsim.kernel.log import Log
from fluxsim.kernel.units import SECOND, Millis
from fluxsim.kube.meta import IMAGE_REPOSITORY, NAMESPACE, Key, labels_of
from fluxsim.kube.outcome import Failed, Ready, Stalled, Waiting
from fluxsim.kube.store import Store
from fluxsim.systems.registry import Registry, RegistryError
from fluxsim.systems.tagdatabase import TagDatabase

COMPONENT = "image-reflector-controller"
REQUEUE_DEPENDENCY_MS: Millis = 30 * SECOND
"""--requeue-dependency."""


class ImagePolicyReconciler:
    """Elects a tag.

    Reads:  the ImageRepository it names; the tags of that repository's last scan; for digests, the registry.
    Writes: its own status, nothing else.
    Woken:  by a new generation, a reconcile request, a scan that found other tags; by its interval only with digests.
    Source: image-reflector-controller v1.2.0, internal/controller/imagepolicy_controller.go.
    """

    def __init__(
        self,
        registry: Registry,
        database: TagDatabase,
        credentials: Credentials,
        *,
        store: Store,
        log: Log,
        chance: Chance,
        latencies: Latencies,
    ) -> None:
        self._registry = registry
        self._database = database
        self._credentials = credentials
        self._store = store
        self._log = log
        self._chance = chance
        self._takes = latencies
        self._indexes = PolicyIndexes()

    announces_requests = False

    def attempt(self, key: Key, obj: Map, progress: Progress) -> Attempt:
        spec = obj["spec"]
        reflection = latestref.reflection_of(spec)
        if reflection == "Always" and not spec.get("interval"):
            raise Stalled("IntervalNotConfigured", latestref.INTERVAL_NOT_SET)
        repository = self._repository(key, spec)
        image: str = repository["spec"]["image"]
        try:
            canonical_name(image)
        except ImageUrlInvalid as error:
            raise Stalled("ImageURLInvalid", str(error)) from error
        if text := latestref.identity_gate_error(repository["spec"]):
            raise Stalled("FeatureGateDisabled", text)
        canonical: str = get(repository, "status", "canonicalImageName", default="")
        try:
            rule = policy_of(spec)
        except InvalidPolicy as error:
            raise Stalled("InvalidPolicy", str(error)) from error
        stream = self._chance.stream(f"imagepolicy/{key.namespace}/{key.name}")
        tags = yield from self._tags(canonical)
        yield self._takes.evaluate_policy.draw(stream)
        try:
            tag = self._indexes.latest(canonical, rule, tags)
        except InvalidPolicy as error:
            raise Stalled("InvalidPolicy", str(error)) from error
        except NoLatestTag as error:
            raise Failed("Failure", str(error)) from error
        digest = yield from self._digest(key, repository, image, tag, reflection)
        return self._elected(key, image, tag, digest, latestref.requeue_ms(spec))

    def _repository(self, key: Key, spec: Json) -> Map:
        reference = spec["imageRepositoryRef"]
        wanted = Key(IMAGE_REPOSITORY, reference.get("namespace") or key.namespace, reference["name"])
        repository = self._store.get(wanted)
        prefix = "failed to get the referred ImageRepository: "
        if repository is None:
            missing = f'ImageRepository.image.toolkit.fluxcd.io "{wanted.name}" not found'
            raise Failed("DependencyNotReady", f"{prefix}referenced ImageRepository does not exist: {missing}")
        namespace = self._store.get(Key(NAMESPACE, "", key.namespace))
        denied = accessfrom.denial(
            repository,
            policy_namespace=key.namespace,
            policy_namespace_labels=labels_of(namespace) if namespace is not None else {},
        )
        if denied:
            raise Failed("AccessDenied", f"{prefix}{denied}")
        found: Map = repository
        return found

    def _tags(self, canonical: str) -> Generator[int, None, Json]:
        """Read the database, four times with growing pauses where it is empty."""
        tags = self._database.tags(canonical)
        for pause_ms in latestref.DATABASE_PAUSES_MS:
            if tags:
                break
            yield pause_ms
            tags = self._database.tags(canonical)
        if not tags:
            raise Waiting(
                "DependencyNotReady", "retrying in 30s error: no tags in database", again_after=REQUEUE_DEPENDENCY_MS
            )
        return tags

    def _digest(
        self, key: Key, repository: Map, image: str, tag: str, reflection: latestref.Reflection
    ) -> Generator[int, None, str]:
        stored = get(self._store.need(key), "status", "latestRef", default=None) or {}
        if not latestref.asks_registry(reflection, stored, image, tag):
            return latestref.kept_digest(reflection, stored, image, tag)
        yield self._takes.head_manifest.draw(self._chance.stream(f"imagepolicy/{key.namespace}/{key.name}"))
        failed = f"failed fetching digest of {image}:{tag}: "
        try:
            return self._registry.head(image, tag, self._credentials.registry(repository))
        except BadSecret as error:
            raise Failed("Failed", f"{failed}failed to configure authentication options: {error}") from error
        except RegistryError as error:
            text = f'failed fetching descriptor for "{image}:{tag}": {error}'
            raise Failed("Failed", failed + text) from error

    def _elected(self, key: Key, image: str, tag: str, digest: str, interval_ms: Millis | None) -> Ready:
        status = self._store.need(key).get("status", {})
        old = status.get("latestRef")
        latest, previous = latestref.elected(
            old, status.get("observedPreviousRef"), image=image, tag=tag, digest=digest
        )
        if old is None or latestref.reference_text(old) != latestref.reference_text(latest):
            data = {"key": str(key), "image": image, "tag": tag} | ({"digest": digest} if digest else {})
            self._log.append("tag.elected", COMPONENT, data | ({"previous": old["tag"]} if old else {}))
        patch = {"latestRef": replacing(old, latest)}
        if previous:
            patch["observedPreviousRef"] = replacing(status.get("observedPreviousRef"), previous)
        message = latestref.ready_message(latest, previous)
        return Ready(message, patch, again_after=interval_ms, trace=message)


def replacing(old: Json, new: Json) -> Json:
    """Return a merge patch that makes `old` exactly `new`."""
    return dict.fromkeys(name for name in old or () if name not in new) | dict(new)


def explained(store: Store, database: TagDatabase, key: Key) -> Explanation:
    """Return what becomes of each scanned tag under a policy; for people, it changes nothing. Raises NotFound."""
    obj = store.need(key)
    reference = obj["spec"]["imageRepositoryRef"]
    repository = store.need(Key(IMAGE_REPOSITORY, reference.get("namespace") or key.namespace, reference["name"]))
    try:
        tags = database.tags(get(repository, "status", "canonicalImageName", default=""))
        return policy_of(obj["spec"]).explain(tags)
    except (InvalidPolicy, ImageUrlInvalid) as error:
        return Explanation(None, str(error), ())
