"""Cluster: a pool of the workers of an existing Dask cluster, for classes that one machine is too small for.

What travels is a Task and a SubmissionResult. The assignment itself must be installed where the workers run.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.assignment import load_assignment
from autograder.gradebook.keys import assignment_sha256, grader_sha256, relevant
from autograder.grading.work import Identity, grade, identity
from autograder.sandbox import available_tiers, weaker
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from autograder.grading.work import Task
    from autograder.verdict import SubmissionResult

CONNECT_SECONDS = 5.0


class ClusterError(RuntimeError):
    """A cluster that cannot be used, or no longer. Results that had come by then are kept."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker that may not grade, and why."""

    worker: str
    why: str


class ClusterPool:
    """Workers of a Dask cluster that are all alike: same grader, assignment, versions and tier of the sandbox.

    tier: the name of the one to use; "" for the strongest that a worker offers. least: the weakest that will do.
    identity: theirs. refused: workers that differ, or lack the tier.
    Raises ClusterError if the cluster cannot be reached, or if none of its workers will do.
    """

    def __init__(self, address: str, assignment: str, tier: str, least: str) -> None:
        self._client = _connect(address)
        try:
            self.identity, accepted, self.refused = self._choose(address, assignment, tier, least)
        except BaseException:
            self._client.close()
            raise
        self._accepted = accepted
        self._asked = 0.0
        self.room = 0
        self._look()
        self._executor = self._client.get_executor(
            pure=False, workers=sorted(accepted), allow_other_workers=False, retries=2
        )

    def submit(self, task: Task) -> Future[SubmissionResult]:
        """See Pool. A task whose worker is lost is given to another one, by Dask."""
        future: Future[SubmissionResult] = self._executor.submit(grade, task)
        return future

    def check(self) -> None:
        """See Pool. Raises ClusterError if the scheduler is gone, or every worker that may grade."""
        if self._client.status not in ("running", "connecting"):
            raise ClusterError(_("--cluster: the scheduler is gone. What was finished is kept: start again to go on."))
        now = time.monotonic()
        if now >= self._asked + 1 and self._client.status == "running":
            self._asked = now
            self._look()

    def mend(self) -> None:
        """See Pool. Dask has given up on a task by itself; the cluster goes on."""

    def close(self, *, now: bool) -> None:
        """See Pool. The cluster itself is not ours to end."""
        self._client.close()

    def _choose(self, address: str, assignment: str, tier: str, least: str) -> tuple[Identity, set[str], list[Refused]]:
        """Find the tier, and the largest group of workers that are alike."""
        offers = self._ask(_tiers)
        refused = [Refused(worker, str(o)) for worker, o in offers.items() if isinstance(o, Exception)]
        names = {worker: o for worker, o in offers.items() if not isinstance(o, Exception)}
        if not offers:
            raise ClusterError(
                _("--cluster: expected workers, found none. Start some: dask worker {address}.", address=address)
            )
        if not names:
            raise _none_will_do(refused)
        if not tier:
            best = [o[0] for o in names.values()]
            tier = next((b for b in best if not any(weaker(b, other) for other in best)), best[0])
        if weaker(tier, least):
            raise ClusterError(
                _(
                    "--cluster: expected workers with the sandbox {least} or a stronger one, got {tier} at best.",
                    least=least,
                    tier=tier,
                )
            )
        able = {worker for worker, o in names.items() if tier in o}
        refused += [
            Refused(worker, _("it has no sandbox {tier}, only {others}", tier=tier, others=", ".join(o)))
            for worker, o in sorted(names.items())
            if worker not in able
        ]
        groups: dict[str, tuple[Identity, set[str]]] = {}
        for worker, answer in sorted(self._ask(identity, assignment, tier, workers=sorted(able)).items()):
            if isinstance(answer, Exception):
                refused.append(Refused(worker, str(answer)))
            elif answer.assignment != assignment_sha256(load_assignment(assignment)):
                refused.append(Refused(worker, _("it has another version of the assignment than this machine")))
            elif answer.grader != grader_sha256():
                refused.append(Refused(worker, _("it has another version of numpytorch than this machine")))
            else:
                groups.setdefault(answer.environment, (answer, set()))[1].add(worker)
        if not groups:
            raise _none_will_do(refused)
        chosen, accepted = max(groups.values(), key=lambda group: len(group[1]))
        for other, workers in groups.values():
            if other is not chosen:
                changed = _differences(other.versions, chosen.versions)
                refused += [
                    Refused(w, _("it has {versions}, which the others do not have", versions=changed))
                    for w in sorted(workers)
                ]
        return chosen, accepted, refused

    def _look(self) -> None:
        """Count how many hand-ins the accepted workers that are left grade at a time."""
        self.room = sum(threads for worker, threads in self._threads().items() if worker in self._accepted)
        if not self.room:
            raise ClusterError(
                _(
                    "--cluster: none of the workers that may grade is left. What was finished is kept: "
                    "start again to go on, with the workers that there are then."
                )
            )

    def _ask(self, function: Callable[..., Any], *values: object, workers: list[str] | None = None) -> dict[str, Any]:
        """Call a function in each worker; return what it gave or raised, by the worker's address."""
        answers: dict[str, Any] = self._client.run(function, *values, workers=workers, on_error="return")
        return answers

    def _threads(self) -> dict[str, int]:
        """Return how many tasks each worker does at a time, by its address."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        return {address: worker["nthreads"] for address, worker in workers.items()}


def _none_will_do(refused: list[Refused]) -> ClusterError:
    why = "; ".join(dict.fromkeys(r.why for r in refused))
    return ClusterError(_("--cluster: expected workers that may grade, found none: {why}.", why=why))


def _connect(address: str) -> Any:
    """Return a client of the cluster. Any: Dask has no types. Raises ClusterError."""
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError as error:
        raise ClusterError(
            _("--cluster: expected Dask to be installed. Install it: pip install 'numpytorch[cluster]'.")
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is told in words of ours
    try:
        get_address_host_port(address)
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call] # see above
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(
            _(
                "--cluster: expected a Dask scheduler at {address}, found none ({why}). "
                "Give the address that `dask scheduler` prints, such as tcp://192.168.0.2:8786.",
                address=address,
                why=error,
            )
        ) from error


def _tiers() -> tuple[str, ...]:
    return tuple(tier.name for tier in available_tiers())


def _differences(theirs: dict[str, str], ours: dict[str, str]) -> str:
    """List what differs between two environments, of what can move a verdict."""
    return ", ".join(f"{k} {v}" for k, v in relevant(theirs).items() if relevant(ours).get(k) != v)
