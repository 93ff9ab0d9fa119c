"""The checks of the assignment on recurrent networks. Ids are stable; points are in assignment.toml."""

from __future__ import annotations

from autograder.checks import Failed, Grader, Passed, check, layer
from autograder.checks import policy as policies
from autograder.checks.learning import model_learns, model_reaches_f1
from autograder.checks.model import maps_images_to_logits
from autograder.checks.probe import INPUT
from autograder.checks.recurrent import H0, LAST, OUTPUTS, RNNCase
from autograder.checks.training import Features
from autograder.checks.types import TypeCheck, types_are_strict
from autograder.sandbox import StudentError
from autograder.words import N_, _

FROM_ZERO = (
    RNNCase(3, 5, 2, 7),
    RNNCase(2, 3, 7, 5),
    RNNCase(1, 7, 3, 2),
    RNNCase(5, 1, 2, 3),
    RNNCase(2, 5, 1, 3),
    RNNCase(3, 2, 5, 1),
    RNNCase(2, 31, 2, 3),  # longer than an image
)
SATURATED = RNNCase(2, 3, 2, 5, magnitude=1e4)  # exp of what tanh gets would overflow
FROM_A_STATE = (
    RNNCase(3, 5, 2, 7, h0=True),
    RNNCase(2, 3, 7, 5, h0=True),
    RNNCase(1, 2, 3, 5, h0=True),
    RNNCase(5, 1, 3, 2, h0=True),
)
# W_h of any layer, and W_x of the one that reads rows, or columns, of 28 pixels.
WEIGHTS = Features(
    N_("recurrent layer's weights"),
    lambda tensor: len(tensor.shape) == 2 and (tensor.shape[0] == tensor.shape[1] or tensor.shape[0] == 28),
)


def starts_from_h0(grader: Grader, case: RNNCase) -> bool:
    """Whether the states are right from the h0 of a case: else its gradients are those of something else."""
    try:
        grader.once(("starts from h0", case), lambda: layer.forward_is_right(grader, case, OUTPUTS))
    except (Failed, StudentError):
        return False
    return True


def gradient(grader: Grader, target: str, from_zero: tuple[RNNCase, ...] = FROM_ZERO) -> Passed:
    """Check one gradient in each configuration; with an h0, where the hand-in's forward takes it as it should."""
    grader.load()
    with_h0 = tuple(case for case in FROM_A_STATE if starts_from_h0(grader, case))
    note = "" if with_h0 else " " + _("With an h0 the forward is wrong (see rnn.state): this was graded without.")
    return layer.for_each(grader, from_zero + with_h0, lambda case: layer.gradient_is_right(grader, case, target), note)


@check("rnn.forward")
def rnn_forward(grader: Grader) -> Passed:
    """RNN.forward computes the state after every step."""
    cases = (*FROM_ZERO, SATURATED)
    return layer.for_each(grader, cases, lambda case: layer.forward_is_right(grader, case, OUTPUTS))


@check("rnn.state")
def rnn_state(grader: Grader) -> Passed:
    """RNN.forward starts from h0, and also returns the last state."""

    def run(case: RNNCase) -> None:
        layer.forward_is_right(grader, case, LAST)
        if case.h0:
            layer.forward_is_right(grader, case, OUTPUTS)

    return layer.for_each(grader, FROM_ZERO + FROM_A_STATE, run)


@check("rnn.grad_input")
def rnn_grad_input(grader: Grader) -> Passed:
    """RNN: the right gradient arrives at the input."""
    return gradient(grader, INPUT)


@check("rnn.grad_w_x")
def rnn_grad_w_x(grader: Grader) -> Passed:
    """RNN: the right gradient arrives at W_x."""
    return gradient(grader, "w_x")


@check("rnn.grad_w_h")
def rnn_grad_w_h(grader: Grader) -> Passed:
    """RNN: the right gradient arrives at W_h."""
    # In a single step from zeros W_h does nothing: its gradient is zero, and need not be there.
    return gradient(grader, "w_h", tuple(case for case in FROM_ZERO if case.t > 1))


@check("rnn.grad_bias")
def rnn_grad_bias(grader: Grader) -> Passed:
    """RNN: the right gradient arrives at the bias."""
    return gradient(grader, "bias")


@check("rnn.grad_h0")
def rnn_grad_h0(grader: Grader) -> Passed:
    """RNN: the right gradient arrives at h0."""
    return layer.for_each(grader, FROM_A_STATE, lambda case: layer.gradient_is_right(grader, case, H0))


@check("rnn.parameters")
def rnn_parameters(grader: Grader) -> Passed:
    """RNN: an optimizer finds W_x, W_h and the bias."""
    layer.parameter_is_registered(grader, FROM_ZERO[0])
    return Passed(_("W_x, W_h and the bias are registered."))


@check("model.forward")
def model_forward(grader: Grader) -> Passed:
    """The model maps each image to ten logits."""
    return maps_images_to_logits(grader)


@check("model.learns")
def model_learns_check(grader: Grader) -> Passed:
    """Training moves every parameter, and the loss falls."""
    return model_learns(grader, WEIGHTS)


@check("model.f1")
def model_f1(grader: Grader) -> Passed:
    """The trained model knows digits that it has not seen."""
    return model_reaches_f1(grader, WEIGHTS)


@check("types.strict", begin=lambda grader: TypeCheck(grader.submission, grader.seconds("types.strict")))
def types_strict(grader: Grader) -> Passed:
    """mypy --strict accepts the file."""
    return types_are_strict(grader, grader.background("types.strict", TypeCheck))


@check("policy")
def policy(grader: Grader) -> Passed:
    """The file imports nothing that does the work for it."""
    return policies.only_allowed_imports(grader.submission, grader.assignment.config.imports)
