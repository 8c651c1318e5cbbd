"""How long things take: spans of virtual time, drawn from the stream of the object they happen to.

The defaults are what small clusters show; a scenario may set its own under `latencies`.
"""

from __future__ import annotations

from dataclasses import dataclass

from fluxsim.kernel.chance import Stream
from fluxsim.kernel.units import SECOND, Millis


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` to `high` milliseconds, both included."""

    low: Millis
    high: Millis

    def draw(self, stream: Stream) -> Millis:
        return stream.between(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Latencies:
    """The durations of a world."""

    list_tags: Span = Span(250, 700)
    head_manifest: Span = Span(80, 200)
    evaluate_policy: Span = Span(5, 20)
    git_ls_remote: Span = Span(200, 450)
    git_clone: Span = Span(500, 1_400)
    git_push: Span = Span(400, 1_000)
    artifact_pack: Span = Span(60, 200)
    artifact_fetch: Span = Span(30, 90)
    kustomize_build: Span = Span(40, 160)
    apply_object: Span = Span(6, 18)
    sync_workload: Span = Span(4, 15)
    schedule_pod: Span = Span(10, 40)
    pull_image: Span = Span(1_500, 4_500)
    pull_refused: Span = Span(200, 800)
    start_container: Span = Span(300, 900)
    stop_container: Span = Span(400, 2_000)
    become_ready: Span = Span(2_000, 6_000)
    ci_queue: Span = Span(3 * SECOND, 10 * SECOND)
    ci_build: Span = Span(55 * SECOND, 90 * SECOND)
    ci_step: Span = Span(1 * SECOND, 4 * SECOND)
