"""ImageRepository, ImagePolicy and ImageUpdateAutomation: the rules that need no running controller."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fluxsim.formats import (
    accessfrom,
    automationgit,
    imageevents,
    imageref,
    imagewatches,
    latestref,
    scanrules,
    semver,
    tagorder,
    tagpolicy,
)
from fluxsim.formats.durations import parse_duration
from fluxsim.formats.tree import Json, get
from fluxsim.kernel.units import rfc3339_millis, unix_millis
from fluxsim.systems.registry import Registry, RegistryError
from fluxsim.systems.tagdatabase import TagDatabase
from tests.conformance.adapters.imagecases import STALLED, in_part, policies, short
from tests.conformance.adapters.imagecluster import POLICY, REPOSITORY, ImageCluster
from tests.conformance.runner import Case

NOW_MS = unix_millis("2026-03-02T09:00:00Z")


# -- tags and policies


def _order(case: Case, _: Path) -> Json:
    """Cases at the levels of a policer: its constructor, its election, the parsing of a version."""
    given = case["input"]
    match given["level"]:
        case "policy":
            return _policy(given)
        case "parse":
            try:
                return {"valid": True, "normalized": str(semver.parse_tag(given["tag"]))}
            except semver.InvalidVersion as error:
                return {"valid": False, "error": str(error)}
        case level:
            try:
                order = _policer(case["document"].get("file", case["document"].get("description", "")), given)
            except tagorder.InvalidOrder as error:
                return {"valid": False, "error": str(error)}
            if level == "constructor":
                return {"valid": True}
            try:
                return {"tag": order.latest(given["tags"])}
            except tagpolicy.NoLatestTag as error:
                return {"error": str(error)}


def _policer(file: str, given: dict[str, Any]) -> tagorder.Order:
    if "range" in given:
        return tagorder.semver_order(given["range"])
    direction = tagorder.direction(given["order"])
    return tagorder.Alphabetical(direction) if "alphabetical" in file else tagorder.Numerical(direction)


def _policy(given: dict[str, Any]) -> Json:
    """An ImagePolicy with the tags of its database, and the condition that follows where it fails."""
    try:
        policy = tagpolicy.policy_of(given)
        if "databaseReadError" in given:
            return _unready("Failure", f"failed to read tags from database: {given['databaseReadError']}")
        if not given["tags"]:
            return {
                "error": tagpolicy.NO_TAGS,
                "condition": {
                    "Ready": "False",
                    "reason": "DependencyNotReady",
                    "message": f"retrying in 30s error: {tagpolicy.NO_TAGS}",
                    "requeueAfter": "30s",
                },
            }
        tag = policy.latest(given["tags"])
    except tagpolicy.InvalidPolicy as error:
        return {"error": str(error), "condition": STALLED | {"reason": "InvalidPolicy"}}
    except tagpolicy.NoLatestTag as error:
        return _unready("Failure", str(error))
    explained = {verdict.tag: verdict.key for verdict in policy.explain(given["tags"]).verdicts}
    return {"tag": tag, "extracted": explained[tag]}


def _unready(reason: str, error: str) -> Json:
    return {"error": error, "condition": {"Ready": "False", "reason": reason, "message": error}}


def _semver_constraint(case: Case, _: Path) -> Json:
    given, got = case["input"], dict[str, Any]()
    if "a" in given:
        return {"compare": semver.compare(semver.parse_version(given["a"]), semver.parse_version(given["b"]))}
    text = given.get("version", given.get("tag"))
    if "range" in given:
        try:
            constraint = semver.parse_constraint(given["range"])
        except semver.InvalidConstraint as error:
            got |= {"rangeValid": False, "error": str(error)}
        else:
            groups = constraint.groups
            got |= {"rangeValid": True, "orGroups": len(groups), "constraintsInFirstGroup": len(groups[0])}
            if text is not None:
                got["matches"] = constraint.allows(semver.parse_version(text))
    if text is not None:
        got |= {"fluxTag": _parses(semver.parse_tag, text), "libraryValid": _parses(semver.parse_version, text)}
    return got


def _parses(parse: Callable[[str], semver.Version], text: str) -> bool:
    try:
        parse(text)
    except semver.InvalidVersion:
        return False
    return True


def _filter_tags(case: Case, _: Path) -> Json:
    given = case["input"]
    if given["level"] == "policy":
        return _policy(given)
    tag_filter = tagpolicy.policy_of(given | {"policy": {"alphabetical": {}}}).filter
    assert tag_filter is not None, "the case has no filterTags"
    originals = tag_filter.originals(given["tags"])
    return {"items": sorted(originals), "original": originals}


# -- ImagePolicy status


def _policy_status(case: Case, _: Path) -> Json:
    given = case["input"]
    match given["kind"]:
        case "readyMessage":
            return {"message": latestref.ready_message(given["latestRef"], given["observedPreviousRef"])}
        case "digestReflection":
            return _digest_reflection(given)
        case "watch":
            return _repository_watch(given, case["expect"])
        case "reconcile":
            return _policy_run(given)
        case kind:
            raise NotImplementedError(f"{kind}: needs a running controller")


def _repository_watch(given: dict[str, Any], expect: Json) -> Json:
    """Scans that follow each other, told by their revisions or by what changed in the ImageRepository."""
    if "oldRevision" in given:
        old, new = ({"status": _scanned(given[key])} for key in ("oldRevision", "newRevision"))
        return {"policyReconciled": imagewatches.repository_wakes_policies(given["event"], old, new)}
    if renamed := re.fullmatch(
        r"spec\.image (\S+) -> (\S+), both registries hold the same tag list", given.get("change", "")
    ):
        same = {"status": _scanned(scanrules.revision(["1.0.0"]))}
        wakes = imagewatches.repository_wakes_policies("update", same, same)
        return {
            "policyReconciled": wakes,
            "latestRef": f"{'now' if wakes else 'still'} names {renamed[2 if wakes else 1]}",
        }
    excluded = re.fullmatch(r"ImageRepository exclusionList \[(.*)\] -> revision changes", given["event"])
    assert excluded is not None, given
    policy = tagpolicy.policy_of({"policy": {"semver": {"range": "*"}}})
    before, after = (
        scanrules.kept_tags(list(expect["latestTag"].values()), patterns) for patterns in ([], [excluded[1]])
    )
    old, new = ({"status": _scanned(scanrules.revision(kept))} for kept in (before, after))
    return {
        "policyReconciled": imagewatches.repository_wakes_policies("update", old, new),
        "latestTag": {"before": policy.latest(before), "after": policy.latest(after)},
    }


def _policy_run(given: dict[str, Any]) -> Json:
    """One run of a policy; what a case does not tell is ordinary."""
    cluster = ImageCluster()
    repository = {"image": "app", "interval": "5m"} | {
        key: value
        for key, value in given.get("imageRepository", {}).items()
        if key not in ("ready", "canonicalImageName")
    }
    status = given.get("status") or ({"latestRef": {"name": "app", "tag": "0.1.0"}} if given.get("wasReady") else None)
    cluster.add(REPOSITORY, repository)
    policy = {
        "imageRepositoryRef": {"name": REPOSITORY.name},
        "policy": given.get("policy", {"semver": {"range": "*"}}),
    }
    cluster.add(POLICY, policy | given.get("spec", {}), status)
    cluster.remember(repository["image"], given.get("databaseTags", ["1.0.0"]))
    got = cluster.run(POLICY)
    latest = got["status"].get("latestRef")
    return got | {
        "latestRef": latest,
        "observedPreviousRef": got["status"].get("observedPreviousRef"),
        "digestSet": bool(get(latest, "digest", default="")),
    }


def _scanned(revision_: str | None) -> Json:
    return {} if revision_ is None else {"lastScanResult": {"revision": revision_}}


def _digest_reflection(given: dict[str, Any]) -> Json:
    """Two runs of one policy; the registry's digests are named after the run."""
    got: dict[str, Json] = {}
    references = latestref.References(None, None)
    for run, word in (("pass1", "first"), ("pass2", "second")):
        spec = given[run] | {"interval": given["interval"], "policy": {"semver": {"range": given[run]["range"]}}}
        tag = tagpolicy.policy_of(spec).latest(given["tags"])
        reflection = latestref.reflection_of(spec)
        digest = latestref.kept_digest(reflection, references.latest, "image", tag)
        if latestref.asks_registry(reflection, references.latest, "image", tag):
            digest = f"{word}:{tag}"
        references = latestref.elected(*references, image="image", tag=tag, digest=digest)
        requeue_ms = latestref.requeue_ms(spec)
        got[run] = {
            "latestRef": _shown(references.latest),
            "observedPreviousRef": _shown(references.previous),
            "requeueAfter": None if requeue_ms is None else short(requeue_ms),
        }
    return got


def _shown(reference: Json) -> Json:
    return reference and {"tag": reference["tag"], "digest": reference.get("digest", "")}


# -- ImageRepository


def _repository_scan(case: Case, _: Path) -> Json:
    given = case["input"]
    match given["kind"]:
        case "shouldScan":
            return _should_scan(given)
        case "scan":
            return _scan(given)
        case "exclude":
            try:
                return {"tags": scanrules.remaining(given["tags"], given["patterns"])}
            except scanrules.BadExclusion as error:
                return {"error": str(error)}
        case "latestTags":
            latest = scanrules.latest_tags(scanrules.kept_tags(given["tags"], ()))
            return {"latestTags": latest, "omitted": not latest}
        case "sameExclusionList":
            return {"equal": scanrules.same_exclusions(given["a"], given["b"])}
        case "imageReference":
            try:
                return {"canonicalImageName": imageref.canonical_name(given["image"])}
            except imageref.ImageUrlInvalid as error:
                condition = STALLED | {"reason": "ImageURLInvalid", "message": str(error)}
                return {"error": str(error), "condition": condition}
        case "databaseRevision":
            of = scanrules.filesystem_revision if given["backend"] == "filesystem" else scanrules.revision
            return {"revision": of(given["tags"])}
        case "databaseKey" | "databaseRead" | "databaseDelete":
            return _database(given)
        case "reconcile":
            return _repository_run(given)
        case kind:
            raise NotImplementedError(f"{kind}: needs a running controller")


def _repository_run(given: dict[str, Any]) -> Json:
    """One run of a repository; what a case does not tell is ordinary."""
    cluster = ImageCluster()
    spec = {"image": "app", "interval": given.get("interval", "5m")} | given.get("spec", {})
    cluster.add(REPOSITORY, spec)
    if "registryError" not in given:
        cluster.push(spec["image"], given.get("registryTags", ["1.0.0"]))
    if "annotationChangedTo" in given:
        cluster.run(REPOSITORY)
        cluster.annotate(REPOSITORY, imagewatches.REQUESTED_AT, given["annotationChangedTo"])
    got = cluster.run(REPOSITORY)
    scan = got["status"].get("lastScanResult")
    if "databaseTags" not in got and not cluster.database.tags(imageref.canonical_name(spec["image"])):
        got["unchanged"].append("databaseTags")
    if got["retry"] is not None:
        got["retry"] += " 750ms..15m"
    return got | {
        "scan": scan is not None,
        "lastScanResult": scan and {"latestTags": None} | scan,
        "lastHandledReconcileAt": got["status"].get("lastHandledReconcileAt"),
    }


def _database(given: dict[str, Any]) -> Json:
    flux_storage = given["backend"] == "filesystem"
    database = TagDatabase()

    def key(entry: dict[str, Any]) -> str:
        return scanrules.database_key(
            entry["namespace"], entry["name"], entry["canonicalName"], flux_storage=flux_storage
        )

    if given["kind"] == "databaseRead":
        for name, tags in given["stored"].items():
            database.store(name, tags)
        return {"tags": list(database.tags(given["read"]))}
    if given["kind"] == "databaseDelete":
        database.store("one", given["tags"])
        if scanrules.forgets_deleted(flux_storage=flux_storage):
            database.store("one", ())
        return {"tagsAfter": list(database.tags("one"))}
    for entry in given["set"]:
        database.store(key(entry), entry["tags"])
    return {"read": {f"{entry['namespace']}/{entry['name']}": database.tags(key(entry)) for entry in given["set"]}}


def _should_scan(given: dict[str, Any]) -> Json:
    spec, status = given["spec"], given["status"]
    last = status.get("lastScanResult")
    if last is not None:
        scanned_at = rfc3339_millis(NOW_MS - round(last["secondsAgo"] * 1000))
        status = status | {"lastScanResult": last | {"scanTime": scanned_at}}
    interval_ms = parse_duration(spec["interval"]) // 1_000_000
    reason, wait_ms = scanrules.due(
        status,
        requested_at=given["annotations"].get("reconcile.fluxcd.io/requestedAt"),
        canonical_name=imageref.canonical_name(spec["image"]),
        exclusions=scanrules.exclusions_of(spec),
        database_has_tags=bool(given["databaseTags"]),
        interval_ms=interval_ms,
        now_unix_ms=NOW_MS,
    )
    if given.get("databaseError") and reason in (scanrules.NO_TAGS, scanrules.INTERVAL, None):
        # The database is asked at the fifth question, and its error ends the run.
        return {"scan": False, "nextScan": short(interval_ms), "reason": "", "error": True}
    return {"scan": reason is not None, "nextScan": short(wait_ms), "reason": reason or "", "error": False}


def _scan(given: dict[str, Any]) -> Json:
    tags = given["registryTags"]
    if tags is None:
        # The registry of the case has no words of its own for what it does not know, only the status.
        try:
            tags = Registry().list_tags("registry.local:5000/app")
        except RegistryError as error:
            return {"error": f"{error.status} {HTTPStatus(error.status).phrase}: {error}"}
    try:
        kept = scanrules.kept_tags(tags, scanrules.exclusions_of(given))
    except scanrules.BadExclusion as error:
        return {"error": str(error)}
    return {
        "databaseTags": list(kept),
        "tagCount": len(kept),
        "latestTags": scanrules.latest_tags(kept),
        "revision": scanrules.revision(kept),
    }


# -- access


def _access_control(case: Case, _: Path) -> Json:
    given = case["input"]
    if "namespaceSelectors" in given:
        selectors = given["namespaceSelectors"]
        reason = accessfrom.acl_denial(
            None if selectors is None else {"namespaceSelectors": [{"matchLabels": labels} for labels in selectors]},
            namespace=given["referenceNamespace"],
            name="name",
            from_namespace=given["objectNamespace"],
            from_namespace_labels=given["objectNamespaceLabels"] or {},
        )
        return {"accessible": not reason}
    if "imageRepository" in given:
        return _repository_access(given)
    if "policies" in given:
        own = imagewatches.elected_policies(policies(given["policies"]), given["automation"]["namespace"])
        names = {f"{policy['metadata']['namespace']}:{policy['metadata']['name']}" for policy in own}
        return {"changes": [given["marker"]] if given["marker"] in names else []}
    return _source_access(given)


def _repository_access(given: dict[str, Any]) -> Json:
    repository, policy = given["imageRepository"], given["imagePolicy"]
    if repository is None:
        name = policy["imageRepositoryRef"]["name"]
        error = f'ImageRepository.image.toolkit.fluxcd.io "{name}" not found'
        message = f"failed to get the referred ImageRepository: {accessfrom.missing('ImageRepository', error)}"
        return {
            "accessible": False,
            "condition": {"Ready": "False", "reason": "DependencyNotReady", "message": message},
            "retry": "exponential backoff",
        }
    denied = accessfrom.denial(
        {"metadata": repository, "spec": {"accessFrom": repository["accessFrom"]}},
        policy_namespace=policy["namespace"],
        policy_namespace_labels=given["policyNamespaceLabels"] or {},
        no_cross_namespace_refs=given["noCrossNamespaceRefs"],
    )
    if not denied:
        return {"accessible": True}
    message = f"failed to get the referred ImageRepository: {denied}"
    return {
        "accessible": False,
        "condition": {"Ready": "False", "reason": "AccessDenied", "message": message},
        "retry": "exponential backoff",
    }


def _source_access(given: dict[str, Any]) -> Json:
    automation = given["automation"]
    reference = automation["sourceRef"]
    error = automationgit.source_error(reference, automation.get("git", {"commit": {}}))
    if error:
        return {"error": error, "condition": STALLED | {"reason": "InvalidSourceConfiguration"}}
    denied = accessfrom.source_denial(
        reference.get("namespace", automation["namespace"]),
        reference["name"],
        from_namespace=automation["namespace"],
        no_cross_namespace_refs=given["noCrossNamespaceRefs"],
    )
    if not denied:
        return {"accessible": True}
    condition = STALLED | {"reason": "AccessDenied"}
    return {"accessible": False, "error": denied, "condition": condition, "returnedError": None}


# -- events


def _events(case: Case, _: Path) -> Json:
    given = case["input"]
    if "eventType" in given:
        delivered = imageevents.delivery(given["eventType"])
        return {
            "k8sEventType": delivered.kubernetes_type,
            "severity": delivered.severity,
            "sentToNotificationController": delivered.is_notified,
        }
    before = imageevents.Readiness(*given["oldReady"]) if given["oldReady"] else None
    after = imageevents.Readiness(*given["newReady"])
    if given["controller"] == "image-reflector-controller":
        return imageevents.reflected(before, after, quiet_message=given["nextScanMessage"])._asdict()
    push = given["pushResult"]
    summary = push and automationgit.push_summary(
        push["revision"], push["branch"], push.get("refspecs", ()), push.get("commitMessage", "")
    )
    happening = imageevents.automated(before, after, push_summary=summary, sync_needed=given["syncNeeded"])
    return happening._asdict()


ADAPTERS = {
    "image_policy_alphabetical": _order,
    "image_policy_numerical": _order,
    "image_policy_semver": _order,
    "image_semver_constraint": _semver_constraint,
    "image_filter_tags": _filter_tags,
    "image_policy_status": _policy_status,
    "image_repository_scan": _repository_scan,
    "image_access_control": _access_control,
    "image_events": _events,
}
COMPARATORS = dict.fromkeys(ADAPTERS, in_part)
