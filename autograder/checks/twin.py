"""The frozen twin: the same model, trained in a worker of its own with its features left as they were drawn."""

from __future__ import annotations

import contextvars
from concurrent.futures import CancelledError, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from autograder.checks.steps import held_out, predict, take_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograder.checks.steps import Settings
    from autograder.sandbox import Array, Session

_SAY_SECONDS = 0.2


class FrozenTwin:
    """A training that goes on beside whatever the grader does, in a thread that has its session to itself.

    features: paths of what stays frozen. seed: of the initial weights, and of the batches.
    allowed: seconds that it may take.
    """

    def __init__(
        self, session: Session, settings: Settings, features: tuple[str, ...], seed: int, allowed: float
    ) -> None:
        self._session = session
        self._settings, self._features, self._seed, self._allowed = settings, features, seed, allowed
        self._closed = False
        self._done = (0.0, "")
        self._pool = ThreadPoolExecutor(1, "frozen twin")
        # In the language of the run, which a new thread would not know.
        self._ends = self._pool.submit(contextvars.copy_context().run, self._train)

    def logits(self, say: Callable[[float, str], None]) -> Array:
        """Wait for it; return its logits for the held-out images.

        say: told meanwhile how much is done, from 0 to 1, and in words. Raises what training raised.
        """
        while not wait([self._ends], _SAY_SECONDS).done:
            say(*self._done)
        return self._ends.result()

    def close(self) -> None:
        """Stop it. Harmless if it has ended."""
        self._closed = True
        self._session.kill()  # it may be waiting for an answer that never comes
        while not wait([self._ends], _SAY_SECONDS).done:
            self._session.kill()  # its worker was not up yet
        self._pool.shutdown()

    def _train(self) -> Array:
        with self._session as session:
            session.load()
            model = session.build("MNISTClassificationModel", (), seed=self._seed, dtype="float32")
            session.optimizer(model.id, self._settings.learning_rate, frozen=self._features)
            take_steps(session, model.id, self._settings, self._seed, self._allowed, self._say)
            return predict(session, model.id, len(held_out()), self._allowed)

    def _say(self, fraction: float, done: str) -> None:
        self._done = fraction, done
        if self._closed:
            raise CancelledError
