"""Histories for tests: a GitOps repository whose commits stand at chosen times, some by people, some by a bot.

past = Past()                                   # a service `web` in `develop`, its policy and automation
past.bot(60, tag("develop", 0, minutes=58))     # minutes since the first commit
past.person(90, set_tag=...)
record = past.record()
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from fluxsim.drivers.history_record import Record, recorded
from fluxsim.formats.gitcommit import Author, Commit, cleaned
from fluxsim.formats.gittree import tree_with
from fluxsim.systems.gitserver import GitRepository
from fluxsim.world.setup import of_repository
from tests.worlds import ROOT, ROOT_FILE, URL

BEGIN_S = 1_800_000_000
BOT = Author("flux-bot", "bot@example.com")
ADA = Author("Ada", "ada@example.com")
IMAGE = "registry.test/shop/web"
FILE = "apps/web/kustomization.yaml"
OBJECTS = "apps/web/images.yaml"


def tag(minute: float, family: str = "develop", commit: str = "abc1234") -> str:
    """Return a tag whose build began at a minute of the history."""
    return f"{family}-v1.0.0-{commit}-{BEGIN_S + round(minute * 60)}"


def marked(value: str) -> str:
    marker = json.dumps({"$imagepolicy": "develop:web:tag"})
    return f"""\
kind: Kustomization
namespace: develop
resources:
  - images.yaml
  - web.yaml
images:
  - name: {IMAGE}
    newTag: {value} # {marker}
labels: []
"""


def objects(*, order: str = "asc", version: str = "v1", suspend: bool = False) -> str:
    return f"""\
apiVersion: image.toolkit.fluxcd.io/{version}
kind: ImageRepository
metadata:
  name: web
spec:
  image: {IMAGE}
  interval: 1m
---
apiVersion: image.toolkit.fluxcd.io/{version}
kind: ImagePolicy
metadata:
  name: web
spec:
  imageRepositoryRef:
    name: web
  filterTags:
    pattern: '^develop-v[0-9.]+-[a-f0-9]+-(?P<ts>[0-9]+)$'
    extract: $ts
  policy:
    numerical:
      order: {order}
---
apiVersion: image.toolkit.fluxcd.io/{version}
kind: ImageUpdateAutomation
metadata:
  name: web
spec:
  interval: 2m
  suspend: {str(suspend).lower()}
  sourceRef:
    kind: GitRepository
    name: flux-system
    namespace: flux-system
  git:
    checkout:
      ref:
        branch: main
    commit:
      author:
        name: {BOT.name}
        email: {BOT.email}
  update:
    path: ./apps/web
    strategy: Setters
"""


WEB = f"""\
apiVersion: v1
kind: Namespace
metadata:
  name: develop
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: {IMAGE}
"""
APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: apps
  namespace: flux-system
spec:
  interval: 10m
  path: ./apps/web
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"""


@dataclass
class Past:
    """A history in the making; times are minutes since its first commit."""

    first: str = field(default_factory=lambda: tag(-1))
    order: str = "asc"
    version: str = "v1"
    repository: GitRepository = field(default_factory=lambda: GitRepository(URL, default_branch="main"))

    def __post_init__(self) -> None:
        self.commit(
            0,
            ADA,
            "Begin",
            {
                ROOT_FILE: ROOT,
                "clusters/test/apps.yaml": APPS,
                FILE: marked(self.first),
                OBJECTS: objects(order=self.order, version=self.version),
                "apps/web/web.yaml": WEB,
                "README": "A shop.",
            },
        )

    def bot(self, minute: float, value: str) -> str:
        return self.commit(minute, BOT, "Update from image update automation", {FILE: marked(value)})

    def person(self, minute: float, files: dict[str, str | None], message: str = "Change") -> str:
        return self.commit(minute, ADA, message, files)

    def commit(self, minute: float, author: Author, message: str, files: dict[str, str | None]) -> str:
        changes = {path: None if text is None else text.encode() for path, text in files.items()}
        return self.repository.commit("main", changes, author=author, when_s=seconds(minute), message=message)

    def side(self, minute: float, parent: str, files: dict[str, str]) -> str:
        """Make a commit that no branch has yet."""
        changes = {path: text.encode() for path, text in files.items()}
        return self.repository.add_commit(parent, changes, author=ADA, when_s=seconds(minute), message="Work aside\n")

    def merge(self, minute: float, message: str, parents: tuple[str, str], files: dict[str, str]) -> str:
        """Make a merge of two commits and move the branch there."""
        base = self.repository.commit_of(parents[0]).tree
        tree = tree_with(self.repository.objects, base, {path: text.encode() for path, text in files.items()})
        shas = tuple(bytes.fromhex(parent) for parent in parents)
        commit = Commit.of(tree, shas, author=ADA, when_s=seconds(minute), message=cleaned(message))
        self.repository.objects.add_commit(commit)
        self.repository.set_refs({"refs/heads/main": commit.id})
        return commit.id

    def record(self) -> Record:
        return recorded(of_repository("past", self.repository, epoch_ms=(BEGIN_S + 10**7) * 1000))


def seconds(minute: float) -> int:
    return BEGIN_S + round(minute * 60)
