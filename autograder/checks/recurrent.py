"""A recurrent layer as a case: what it must compute, and what the usual mistakes compute instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from autograder.checks import reference
from autograder.checks.causes import Cause
from autograder.checks.probe import INPUT, LayerCase
from autograder.words import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from autograder.sandbox import Array, Scalar

    Arrays = tuple[Array, ...]
    Values = Mapping[str, Array]
    Activation = Callable[[Array], Array]

H0 = "h0"
OUTPUTS = "outputs"
LAST = "h_T"

# Roles and outputs, for the catalogue.
NAMES = (N_("h0"), N_("outputs"), N_("h_T"), N_("w_x"), N_("w_h"))


@dataclass(frozen=True, slots=True)
class RNNCase(LayerCase):
    """One configuration of RNN, on sequences (N, T, D). Sizes differ, so that no two can be mixed up.

    h0: whether the call is given a state to start from. magnitude: of the numbers in x.
    """

    n: int
    t: int
    d: int
    h: int
    h0: bool = False
    magnitude: float = 1.0

    def __str__(self) -> str:
        given = f", h0 ({self.n}, {self.h})" * self.h0
        magnitude = f"{self.magnitude:g} * " * (self.magnitude != 1)
        return f"RNN({self.d}, {self.h}) on {magnitude}x ({self.n}, {self.t}, {self.d}){given}"

    @property
    def cls(self) -> str:
        """RNN."""
        return "RNN"

    @property
    def args(self) -> tuple[Scalar, ...]:
        """input_size, hidden_size."""
        return self.d, self.h

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """W_x is (D, H), W_h (H, H), the bias (H,)."""
        return {"w_x": (self.d, self.h), "w_h": (self.h, self.h), "bias": (self.h,)}

    @property
    def outputs(self) -> tuple[str, ...]:
        """All states (N, T, H), and the last one (N, H)."""
        return OUTPUTS, LAST

    @property
    def scale(self) -> float:
        """Return what keeps tanh where it bends and is not flat, so that gradients from late steps reach early ones."""
        return 0.5

    def sample(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw x (N, T, D), and h0 (N, H) between -1 and 1, as states are."""
        x = self.magnitude * rng.standard_normal((self.n, self.t, self.d))
        return {INPUT: x, H0: rng.uniform(-1, 1, (self.n, self.h))} if self.h0 else {INPUT: x}

    def resized(self) -> tuple[RNNCase, ...]:
        """List the same layer on longer sequences, as many at first: a state that was kept would fit."""
        longer = replace(self, t=self.t + 2)
        return longer, replace(longer, n=self.n + 1)

    def handout(self) -> RNNCase:
        """Return a layer of the size of the handout's: an image read by rows."""
        return RNNCase(2, 28, 28, 128, self.h0)

    def forward(self, inputs: Values, parameters: Values) -> Arrays:
        """Compute all states and the last one."""
        y = reference.rnn(inputs[INPUT], self._start(inputs), *_weights(parameters))
        return y, y[:, -1]

    def gradients(self, inputs: Values, parameters: Values, upstream: Arrays) -> dict[str, Array]:
        """Compute the right gradients, from both outputs together."""
        dy, dlast = upstream
        dy = _plus_last(dy, dlast)
        found = reference.rnn_gradients(inputs[INPUT], self._start(inputs), *_weights(parameters), dy)
        return {name: found[name] for name in (*inputs, *parameters)}

    def advice(self, cause: Cause) -> tuple[str, str] | None:
        """Return what to say of causes that other layers have too."""
        return _ADVICE.get(cause)

    # ---- what goes wrong forward -------------------------------------------------------------------------

    def forward_suspects(self, inputs: Values, parameters: Values) -> Iterator[tuple[Cause, Arrays]]:
        """Act out what goes wrong in a recurrent layer's forward."""
        x, start = inputs[INPUT], self._start(inputs)
        w_x, w_h, bias = _weights(parameters)

        def pair(y: Array) -> Arrays:
            return y, y[:, -1]

        right = _run(x, start, w_x, w_h, bias)
        if self.h0:
            yield Cause.H0_IGNORED, pair(_run(x, np.zeros_like(start), w_x, w_h, bias))
        yield Cause.WEIGHT_TRANSPOSED, pair(_run(x, start, w_x, w_h.T, bias))
        yield Cause.WEIGHT_TRANSPOSED, pair(_run(x, start, w_x.reshape(w_x.shape[::-1]).T, w_h, bias))
        for other in (_identity, _relu, _sigmoid):
            yield Cause.ACTIVATION_MISSING, pair(_run(x, start, w_x, w_h, bias, other))
        yield (
            Cause.ACTIVATION_MISSING,
            pair(_run(np.tanh(x @ w_x + bias), start, np.eye(self.h), w_h, 0 * bias, _identity)),
        )
        yield Cause.BIAS_MISSING, pair(_run(x, start, w_x, w_h, 0 * bias))
        yield Cause.BIAS_TWICE, pair(_run(x, start, w_x, w_h, 2 * bias))
        yield Cause.NOT_RECURRENT, pair(_run(x, start, w_x, 0 * w_h, bias))
        alone = [_run(x[:, t : t + 1], start, w_x, w_h, bias) for t in range(x.shape[1])]
        yield Cause.NOT_RECURRENT, pair(np.concatenate(alone, axis=1))
        backwards = _run(x[:, ::-1], start, w_x, w_h, bias)
        yield Cause.TIME_REVERSED, pair(backwards)
        yield Cause.TIME_REVERSED, pair(backwards[:, ::-1])
        yield Cause.TIME_REVERSED, (backwards[:, ::-1], backwards[:, -1])
        yield Cause.TIME_REVERSED, (right[:, ::-1], right[:, -1])
        yield Cause.TIME_FIRST, (right.swapaxes(0, 1), right[:, -1])
        if not self.h0:
            batch_for_time = _run(x.swapaxes(0, 1), np.zeros((x.shape[1], self.h)), w_x, w_h, bias)
            yield Cause.TIME_FIRST, (batch_for_time.swapaxes(0, 1), batch_for_time[:, -1])
        yield Cause.LAST_STEP_ONLY, (right[:, -1], right[:, -1])
        yield Cause.LAST_STEP_ONLY, (right[:, -1:], right[:, -1])
        before = np.concatenate([start[:, None], right[:, :-1]], axis=1)
        yield Cause.WRONG_STATE, (before, before[:, -1])
        yield Cause.WRONG_STATE, (right, right[:, 0])
        yield Cause.WRONG_STATE, (right, start)
        yield Cause.WRONG_STATE, (right, right[-1])
        yield Cause.WRONG_STATE, (right, right.mean(axis=1))
        yield Cause.WRONG_STATE, (np.repeat(right[:, -1:], x.shape[1], axis=1), right[:, -1])
        if x.shape[1] > 1:
            yield Cause.WRONG_STATE, (right[:, -1], right)

    # ---- what goes wrong backward ------------------------------------------------------------------------

    def gradient_suspects(
        self, target: str, inputs: Values, parameters: Values, upstream: Arrays
    ) -> Iterator[tuple[Cause, Array]]:
        """Act out what goes wrong in backpropagation through time."""
        x, start = inputs[INPUT], self._start(inputs)
        w_x, w_h, bias = _weights(parameters)
        y = _run(x, start, w_x, w_h, bias)
        before = np.concatenate([start[:, None], y[:, :-1]], axis=1)
        dy = _plus_last(*upstream)
        slope = 1 - y**2
        right = _go_back(dy, slope, w_h)

        def at(da: Array, x: Array = x, before: Array = before, w_x: Array = w_x, w_h: Array = w_h) -> Array:
            return _collect(target, da, x, before, w_x, w_h)

        yield Cause.TRUNCATED_THROUGH_TIME, at(dy * slope)
        length = x.shape[1]
        for steps in range(2, length):
            for first in {steps, length % steps or steps}:  # whole pieces from the beginning, or from the end
                starts = [first + steps * i for i in range((length - first + steps - 1) // steps)]
                pieces = zip(np.split(dy, starts, axis=1), np.split(slope, starts, axis=1), strict=True)
                cut = [_go_back(dy_of_piece, slope_of_piece, w_h) for dy_of_piece, slope_of_piece in pieces]
                yield Cause.TRUNCATED_IN_PIECES, at(np.concatenate(cut, axis=1))
        yield Cause.IGNORES_UPSTREAM, at(_go_back(np.ones_like(dy), slope, w_h))
        yield Cause.STATE_SEVERED, at(_go_back(upstream[0], slope, w_h))
        if target == "w_h":
            yield Cause.WEIGHT_TRANSPOSED, at(right).T
        yield Cause.WEIGHT_TRANSPOSED, at(_go_back(dy, slope, w_h.T), w_h=w_h.T)
        yield Cause.WEIGHT_TRANSPOSED, at(_go_back(dy, slope, w_h.T))
        yield Cause.WEIGHT_TRANSPOSED, at(right, w_x=w_x.reshape(w_x.shape[::-1]).T, w_h=w_h.T)
        arguments = x @ w_x + before @ w_h + bias
        for wrong in (
            np.ones_like(y),
            1 - np.tanh(y) ** 2,
            1 - arguments**2,
            y * (1 - y),
            (1 - y) ** 2,
            1 - y,
            1 + y**2,
        ):
            yield Cause.ACTIVATION_DERIVATIVE, at(_go_back(dy, wrong, w_h))
        for wrong in (1 - before**2, np.repeat(slope[:, -1:], x.shape[1], axis=1)):
            yield Cause.WRONG_STATE, at(_go_back(dy, wrong, w_h))
        yield Cause.ACTIVATION_DERIVATIVE, at(_go_back(dy, slope, w_h, inner=np.ones_like(slope)))

        backwards = _go_back(dy[:, ::-1], slope[:, ::-1], w_h)
        yield Cause.TIME_REVERSED, backwards[:, 0] @ w_h.T if target == H0 else at(backwards[:, ::-1])
        yield Cause.TIME_REVERSED, at(right, x=x[:, ::-1], before=before[:, ::-1])
        yield Cause.TIME_REVERSED, at(right[:, ::-1])
        last, first = np.zeros_like(dy), np.zeros_like(dy)
        last[:, -1], first[:, 0] = right[:, -1], right[:, 0]
        yield Cause.LAST_STEP_ONLY, at(last)
        yield Cause.SEVERED, at(_go_back(_plus_last(0 * dy, upstream[1]), slope, w_h))
        yield Cause.LAST_STEP_ONLY, at(_go_back(_plus_last(0 * dy, dy[:, -1]), slope, w_h))
        yield Cause.OVERWRITTEN, at(first)
        if x.shape[1] > 1:
            ending = dy.copy()
            ending[:, -1] = upstream[1]
            yield Cause.OVERWRITTEN, at(_go_back(ending, slope, w_h))
        if self.h0:
            from_zeros = before.copy()
            from_zeros[:, 0] = 0
            yield Cause.H0_IGNORED, at(right, before=from_zeros)
        yield Cause.WRONG_STATE, at(right, before=y)
        yield Cause.WRONG_STATE, at(right, before=np.repeat(start[:, None], x.shape[1], axis=1))
        yield Cause.WEIGHT_MISSING, at(_go_back(dy, slope, np.eye(self.h)))
        if target == H0:
            yield Cause.WEIGHT_MISSING, right[:, 0]
            yield Cause.WEIGHT_MISSING, _go_back(dy, slope, np.eye(self.h))[:, 0]
            yield Cause.WRONG_STATE, right[:, -1] @ w_h.T
            yield Cause.WRONG_STATE, dy[:, 0] + (right[:, 1] @ w_h.T if x.shape[1] > 1 else 0)

    def _start(self, inputs: Values) -> Array:
        """Return the state before the first step."""
        return inputs[H0] if H0 in inputs else np.zeros((len(inputs[INPUT]), self.h))


def _weights(parameters: Values) -> tuple[Array, Array, Array]:
    return parameters["w_x"], parameters["w_h"], parameters["bias"]


def _plus_last(dy: Array, dlast: Array) -> Array:
    """Return the gradient at all states: what arrives at each, and at the last one returned by itself."""
    total = dy.copy()
    total[:, -1] += dlast
    return total


def _run(x: Array, start: Array, w_x: Array, w_h: Array, bias: Array, activation: Activation = np.tanh) -> Array:
    """Compute the states (N, T, H), with any activation."""
    h, states = start, []
    for t in range(x.shape[1]):
        h = activation(x[:, t] @ w_x + h @ w_h + bias)
        states.append(h)
    return np.stack(states, axis=1)


def _go_back(dy: Array, slope: Array, w_h: Array, inner: Array | None = None) -> Array:
    """Pull dy (N, T, H) back to the arguments of tanh, whose derivative is `slope`, from step to step through w_h.

    inner: what stands for `slope` where a gradient goes on to the step before.
    """
    da, dh = np.zeros_like(dy), np.zeros_like(dy[:, 0])
    for t in reversed(range(dy.shape[1])):
        arrived = dy[:, t] + dh
        da[:, t] = arrived * slope[:, t]
        dh = (da[:, t] if inner is None else arrived * inner[:, t]) @ w_h.T
    return da


def _collect(target: str, da: Array, x: Array, before: Array, w_x: Array, w_h: Array) -> Array:
    """Return the gradient at the target, from that at the arguments of tanh (N, T, H)."""
    if target == INPUT:
        return da @ w_x.T
    if target == H0:
        return da[:, 0] @ w_h.T
    met = {"w_x": x, "w_h": before, "bias": np.ones((*da.shape[:2], 1))}[target]  # what the parameter multiplies
    total: Array = np.einsum("nti,ntj->ij", met, da)
    return total


def _identity(a: Array) -> Array:
    return a


def _relu(a: Array) -> Array:
    return np.maximum(a, 0)


def _sigmoid(a: Array) -> Array:
    return (1 + np.tanh(a / 2)) / 2


_ADVICE = {
    Cause.BIAS_MISSING: (N_("These are the values without the bias."), N_("Add b inside tanh, at every step.")),
    Cause.BIAS_TWICE: (N_("The bias is in these values more than once."), N_("Add b once a step, inside tanh.")),
    Cause.OVERWRITTEN: (
        N_("It is what comes of contributions that overwrite each other instead of adding up."),
        N_("A parameter is used at every step, and h_T is the last of the outputs: use `+=`, not `=`."),
    ),
    Cause.SEVERED: (
        N_("It is what comes back from h_T alone: the states of all steps, which are returned too, have no graph."),
        N_("Join the states as Tensors, npt.stack(states, axis=1), or assign them into npt.zeros(...)."),
    ),
    Cause.OUTPUT_SIZE: ("", N_("Return the states of all steps, (N, T, H), and the last of them, (N, H).")),
    Cause.MIXED_UP: (
        N_("The values are there, but sequences, steps or units stand in each other's places."),
        N_("Follow one sequence through each reshape, transpose and index: x is (N, T, D), step t is x[:, t]."),
    ),
    Cause.HANDOUT_SIZES_ONLY: (
        N_("At the sizes of the handout's model it is right: a size is fixed somewhere."),
        N_("Compute every size from x.shape and the constructor's arguments. Look for 28 or 128 in the code."),
    ),
}
