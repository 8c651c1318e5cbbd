"""ImageUpdateAutomation and its Git client: the rules that need no running controller."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fluxsim.formats import (
    automationgit,
    committemplate,
    gitauth,
    gitclone,
    gotext,
    imageevents,
    imagewatches,
    revision,
)
from fluxsim.formats.tree import Json, get
from tests.conformance.adapters.imagecases import STALLED, in_part, policies, short
from tests.conformance.runner import Case

# -- ImageUpdateAutomation


def _automation_controller(case: Case, _: Path) -> Json:
    given = case["input"]
    match given["kind"]:
        case "watch":
            return {"reconcile": _woken(given)}
        case "observedPoliciesChanged":
            return {"changed": imagewatches.observed_policies_changed(given["previous"], given["current"])}
        case "skip":
            return _skip(given)
        case "getPolicies":
            return _get_policies(given)
        case "default":
            return {"update": automationgit.update_of(given["spec"])}
        case kind:
            raise NotImplementedError(f"{kind}: needs a running controller")


def _woken(given: dict[str, Any]) -> Json:
    event = given["event"]
    old, new = (
        {
            "metadata": {
                "generation": given.get(f"{side}Generation"),
                "annotations": {imagewatches.REQUESTED_AT: given[f"{side}Annotation"]}
                if f"{side}Annotation" in given
                else {},
            },
            "status": {"latestRef": given.get(f"{side}LatestRef")},
        }
        for side in ("old", "new")
    )
    match given["object"]:
        case "ImagePolicy":
            wakes = imagewatches.policy_wakes_automations(event, old, new)
            own = [name for name in given.get("automations", ()) if name.partition("/")[0] == given["namespace"]]
        case "GitRepository":
            wakes = imagewatches.source_wakes_automations(event, old, new)
            source = f"{given.get('namespace')}/{given.get('name')}"
            pairs = [text.split(" -> ") for text in given.get("automations", ())]
            own = [name for name, wanted in pairs if wanted == source]
        case _:
            return imagewatches.wakes_itself(event, old, new)
    if "automations" not in given:
        return wakes
    return own if wakes else []


def _skip(given: dict[str, Any]) -> Json:
    push = {key: given[name] for key, name in (("branch", "pushBranch"), ("refspec", "refspec")) if name in given}
    git = {"checkout": {"ref": {"branch": given["branch"]}}} | ({"push": push} if push else {})
    config = automationgit.git_config(git, {})
    status = {key: given[key] for key in ("observedPolicies", "observedSourceRevision")}
    skipped = automationgit.may_skip_clone(status, given["policies"], config) and automationgit.unchanged(
        given["observedSourceRevision"], given["remoteHead"], config.checkout_ref
    )
    if not skipped:
        return {"cloned": True}
    return {"cloned": False, "event": imageevents.NO_CHANGE, "requeueAfter": "interval"}


def _get_policies(given: dict[str, Any]) -> Json:
    from fluxsim.formats import labelselector

    try:
        selector = labelselector.parse(given["policySelector"])
    except labelselector.InvalidSelector as error:
        return {
            "error": f"failed to parse policy selector: {error}",
            "condition": STALLED | {"reason": "InvalidPolicySelector"},
        }
    elected = imagewatches.elected_policies(policies(given["policies"]), given["namespace"])
    return {
        "policies": [policy["metadata"]["name"] for policy in elected if selector.matches(policy["metadata"]["labels"])]
    }


def _automation_git(case: Case, _: Path) -> Json:
    given = case["input"]
    match given["kind"]:
        case "gitConfig":
            return _git_config(given)
        case "lastObserved":
            ref = given["checkoutRef"]
            return {"concrete": not automationgit.unchanged(given["lastObserved"], given["remoteHead"], ref)}
        case "checkout":
            return _checkout(given)
        case "commitAndPush":
            return _commit_and_push(given)
        case "authOptions":
            return _auth_options(given, wants_text=isinstance(case["expect"]["error"], str))
        case "signingKey":
            return _signing_key(given)
        case kind:
            raise NotImplementedError(f"{kind}: needs a running controller")


def _git_config(given: dict[str, Any]) -> Json:
    repository = given["gitRepository"]
    prefix = "failed configuring source manager: "
    error = ""
    if repository is None:
        error = automationgit.source_missing("not found")
        repository = {}
    elif "getError" in repository:
        error = automationgit.source_unreadable(repository["getError"])
    if error:
        condition = {"Ready": "False", "reason": "SourceManagerFailed", "message": f"{prefix}{error}"}
        return {"error": error, "condition": condition}
    try:
        config = automationgit.git_config(given["git"], repository)
        url = repository.get("url", "https://example.com")
        gitauth.git_auth({"metadata": {}, "spec": {"url": url}}, None)
    except (automationgit.NoPushBranch, gitauth.AuthError) as failure:
        condition = {"Ready": "False", "reason": "SourceManagerFailed", "message": f"{prefix}{failure}"}
        return {"error": str(failure), "condition": condition}
    return {
        "checkoutRef": config.checkout_ref,
        "pushBranch": config.push_branch,
        "switchBranch": config.switch_branch,
        "timeout": short(config.timeout_ms),
    }


def _checkout(given: dict[str, Any]) -> Json:
    """Upstream's remote has one branch, main."""
    config = automationgit.git_config(given["git"], {"ref": given["gitRepositoryRef"]})
    try:
        cloned = gitclone.clone({"refs/heads/main": "a" * 40}, config.checkout_ref)
    except gitclone.CloneError:
        return {"error": True}
    head = config.push_branch if config.switch_branch else cloned.reference.removeprefix("refs/heads/")
    return {"error": False, "concreteCommit": cloned.is_concrete, "headBranch": head}


def _commit_and_push(given: dict[str, Any]) -> Json:
    config = automationgit.git_config(given["git"], {"ref": given["gitRepositoryRef"]})
    if gitclone.commit_error(int(given["latestImage"] != given["currentImage"])):
        return {"pushed": False, "result": None}
    template = get(given, "git", "commit", "messageTemplate", default="")
    if template.startswith("<uses "):
        template = f"{{{{ {template.removeprefix('<uses ').removesuffix('>')} }}}}"
    try:
        message = committemplate.rendered(template, namespace="ns", name="name", values={}, changes=())
    except committemplate.RemovedTemplateField as error:
        return {"error": str(error), "pushed": False}
    branches = [push.destination.removeprefix("refs/heads/") for push in config.pushes]
    return {"pushed": True, "branch": branches[0], "message": message, "alsoAt": branches[-1]}


def _auth_options(given: dict[str, Any], *, wants_text: bool) -> Json:
    """Secrets are told by their keys, an absent one by the name "non-existing"."""
    values = {"username": "user", "password": "password"}
    secret = {key: values.get(key, "data") for key in given.get("secretData", ())}
    spec: dict[str, Any] = {"url": given.get("url", "https://example.com")}
    spec |= {key: given[key] for key in ("provider", "serviceAccountName") if key in given}
    if secret:
        spec["secretRef"] = {"name": "githubAppSecret"}
    if given.get("secret") == "non-existing":
        return {"error": True}
    try:
        found = gitauth.git_auth({"metadata": {}, "spec": spec}, secret)
    except gitauth.AuthError as error:
        return {"error": str(error) if wants_text else True}
    return {"error": None if wants_text else False, "transport": found.transport, "username": found.username}


def _signing_key(given: dict[str, Any]) -> Json:
    """Secrets are told by their keys, or by a name of which only these two are there."""
    keys = {"gpg-key": [gitauth.GPG_KEY], "ssh-key": [gitauth.SSH_KEY]}
    name = given.get("secret")
    if name is None and "secretKeys" not in given:
        return {"error": None, "signer": False}
    if name is not None and name not in keys:
        return {"error": gitauth.signing_secret_missing(name, f'secrets "{name}" not found'), "signer": False}
    found = keys[name] if name is not None else given["secretKeys"]
    error = gitauth.signing_key_error(dict.fromkeys(found, "key"), given["type"], name or "signing-key")
    return {"error": error or None, "signer": not error}


# -- the Git client


def _git_client(case: Case, _: Path) -> Json:
    given = case["input"]
    match given["kind"]:
        case "transformRevision":
            return {"revision": gitclone.transformed(given["revision"])}
        case "splitRevision":
            text = given["revision"]
            return {"pointer": gitclone.named_pointer(text), "hash": gitclone.hash_of(text) or None}
        case "namedPointer":
            return {"pointer": gitclone.named_pointer(given["revision"])}
        case "hashFromRevision":
            return {"hash": gitclone.hash_of(given["revision"]) or None}
        case "commitString":
            return {"string": revision.revision(given["reference"], given["hash"])}
        case "absoluteReference":
            return {"string": revision.absolute_reference(given["reference"], given["hash"])}
        case "shortMessage":
            return {"string": gotext.short_message(given["message"])}
        case "isConcrete":
            content = b"tree" if given["hasContent"] else None
            return {"concrete": gitclone.is_concrete("a" * 40 if given["hasHash"] else "", content)}
        case "filterRefs":
            return {"revision": gitclone.remote_revision(given["refs"], given["ref"])}
        case "cloneBranch":
            refs = {f"refs/heads/{name}": commit for name, commit in given["heads"].items()}
            return _cloned(refs, {"branch": given["branch"]}, given["lastRevision"])
        case "cloneTag":
            refs = {f"refs/tags/{name}": commit for name, commit in given["tags"].items()}
            return _cloned(refs, {"tag": given["tag"]}, given.get("lastRevision"))
        case "cloneRefName":
            return _cloned(given["refs"], {"name": given["refName"]}, given["lastRevision"])
        case "switchBranch":
            return _switch_branch(given)
        case "commit":
            error = gitclone.commit_error(given["changes"])
            return {"error": error, "returns": "current HEAD"} if error else {"newCommit": True}
        case kind:
            raise NotImplementedError(f"{kind}: needs a running controller")


def _cloned(refs: Mapping[str, str], ref: Json, last_revision: str | None) -> Json:
    """Commits are told by name, in revisions as `<name>`; an annotated tag as `name (annotated)`."""
    names = {name.removesuffix(" (annotated)") for name in refs.values()}
    hashes = {name: hashlib.sha1(name.encode()).hexdigest() for name in sorted(names)}
    remote: dict[str, str] = {}
    for reference, name in refs.items():
        plain = name.removesuffix(" (annotated)")
        remote[reference] = hashes[plain] if plain == name else hashlib.sha1(name.encode()).hexdigest()
        if plain != name:
            remote[f"{reference}^{{}}"] = hashes[plain]
    observed = last_revision or ""
    for name, commit in hashes.items():
        observed = observed.replace(f"<{name}>", commit)
    try:
        cloned = gitclone.clone(remote, ref, last_observed=observed)
    except gitclone.CloneError as error:
        return {"error": str(error)}
    by_hash = {commit: name for name, commit in hashes.items()}
    shown = cloned.revision.replace(cloned.commit, f"<{by_hash[cloned.commit]}>")
    return {"commit": by_hash[cloned.commit], "concrete": cloned.is_concrete, "revision": shown}


def _switch_branch(given: dict[str, Any]) -> Json:
    remote = given["remote"]
    local = given.get("localBranches") or {name: remote[name] for name in given.get("local", ("master",))}
    commit = gitclone.switched(
        given["to"],
        head=local["master"],
        remote_branches=remote,
        local_branches=local,
        single_branch=given.get("singleBranch", False),
    )
    return {"headBranch": given["to"], "headCommit": commit}


ADAPTERS = {
    "image_automation_controller": _automation_controller,
    "image_automation_git": _automation_git,
    "image_git_client": _git_client,
}
COMPARATORS = dict.fromkeys(ADAPTERS, in_part)
