"""The checks of the assignment on convolutional networks. Ids are stable; points are in assignment.toml."""

from __future__ import annotations

from functools import partial

from autograder.checks import Grader, Passed, check, layer
from autograder.checks import policy as policies
from autograder.checks.convolution import Conv2dCase, MaxPool2dCase, ties_are_shared
from autograder.checks.learning import model_learns, model_reaches_f1
from autograder.checks.model import maps_images_to_logits
from autograder.checks.probe import INPUT
from autograder.checks.training import Features
from autograder.checks.types import TypeCheck, types_are_strict
from autograder.sandbox import StudentError
from autograder.words import N_, _

CONV_FORWARD = (
    Conv2dCase(2, 3, 7, 5, f=4, k=3),
    Conv2dCase(3, 2, 5, 8, f=5, k=2),
    Conv2dCase(1, 5, 4, 6, f=3, k=1),
    Conv2dCase(2, 1, 11, 7, f=3, k=5),
    Conv2dCase(2, 3, 7, 9, f=4, k=3, stride=2),
    Conv2dCase(3, 2, 8, 11, f=5, k=2, stride=3, magnitude=1000),
    Conv2dCase(2, 3, 4, 5, f=2, k=3, padding=1),
    Conv2dCase(2, 3, 5, 4, f=5, k=4, stride=3, padding=2),
    Conv2dCase(67, 2, 4, 4, f=3, k=4),  # many images, of which one window is the whole
    Conv2dCase(2, 3, 4, 3, f=2, k=2, padding=2),  # windows that see nothing but padding
)
CONV_GRADIENT = (
    Conv2dCase(3, 2, 6, 5, f=4, k=3),
    Conv2dCase(4, 3, 5, 7, f=5, k=2, stride=2),
    Conv2dCase(3, 2, 4, 5, f=6, k=3, stride=2, padding=1),
    Conv2dCase(1, 1, 3, 6, f=1, k=3),  # one image, one channel, one filter, one row of output
    Conv2dCase(4, 3, 7, 5, f=2, k=1, stride=3),  # gaps between windows
    Conv2dCase(5, 2, 4, 6, f=3, k=4, padding=2),
    Conv2dCase(3, 2, 7, 6, f=4, k=5),
    Conv2dCase(67, 2, 4, 4, f=3, k=4),
    Conv2dCase(2, 3, 4, 3, f=2, k=2, padding=2),
)
POOL = (
    MaxPool2dCase(4, 3, 6, 8, k=2, stride=2),
    MaxPool2dCase(3, 2, 7, 5, k=3, stride=1),
    MaxPool2dCase(5, 2, 8, 7, k=3, stride=2, scale=100),
    MaxPool2dCase(1, 5, 5, 9, k=2, stride=3, scale=1e-6),  # close to each other, and to zero
    MaxPool2dCase(3, 2, 7, 10, k=3, stride=3),
    MaxPool2dCase(67, 2, 3, 3, k=3, stride=2),
    MaxPool2dCase(2, 3, 5, 7, k=2, stride=2, shift=-1e4),  # far below zero, and close to each other
)
CONVOLUTIONS = Features(N_("convolution weights"), lambda tensor: len(tensor.shape) == 4)


def conv_cases(grader: Grader, cases: tuple[Conv2dCase, ...]) -> tuple[tuple[Conv2dCase, ...], str]:
    """Leave out the cases whose options the hand-in's constructor does not take, and say so."""
    session = grader.session

    def takes(name: str) -> bool:
        try:
            session.build("Conv2d", (2, 3, 3), {name: 2}, seed=grader.child_seed(name))
        except StudentError as error:
            return not (error.kind == "TypeError" and "unexpected keyword argument" in error.message)
        return True

    missing = [name for name in ("stride", "padding") if not grader.once(("takes", name), partial(takes, name))]
    left = tuple(case for case in cases if not any(name in case.kwargs for name in missing))
    if not missing:
        return left, ""
    return left, " " + _("Your Conv2d does not take {missing}; it was graded on the rest.", missing=", ".join(missing))


def conv_gradient(grader: Grader, target: str) -> Passed:
    """Check one gradient of Conv2d in each configuration."""
    cases, note = conv_cases(grader, CONV_GRADIENT)
    return layer.for_each(grader, cases, lambda case: layer.gradient_is_right(grader, case, target), note)


@check("conv2d.forward")
def conv2d_forward(grader: Grader) -> Passed:
    """Conv2d.forward computes the cross-correlation."""
    cases, note = conv_cases(grader, CONV_FORWARD)
    return layer.for_each(grader, cases, lambda case: layer.forward_is_right(grader, case), note)


@check("conv2d.grad_weight")
def conv2d_grad_weight(grader: Grader) -> Passed:
    """Conv2d: the right gradient arrives at the weight."""
    return conv_gradient(grader, "weight")


@check("conv2d.grad_bias")
def conv2d_grad_bias(grader: Grader) -> Passed:
    """Conv2d: the right gradient arrives at the bias."""
    return conv_gradient(grader, "bias")


@check("conv2d.grad_input")
def conv2d_grad_input(grader: Grader) -> Passed:
    """Conv2d: the right gradient arrives at the input."""
    return conv_gradient(grader, INPUT)


@check("conv2d.parameters")
def conv2d_parameters(grader: Grader) -> Passed:
    """Conv2d: an optimizer finds the weight and the bias."""
    layer.parameter_is_registered(grader, CONV_GRADIENT[0])
    return Passed(_("The weight and the bias are registered."))


@check("maxpool2d.forward")
def maxpool2d_forward(grader: Grader) -> Passed:
    """MaxPool2d.forward takes the maximum of each window."""
    return layer.for_each(grader, POOL, lambda case: layer.forward_is_right(grader, case))


@check("maxpool2d.grad_input")
def maxpool2d_grad_input(grader: Grader) -> Passed:
    """MaxPool2d: the right gradient arrives at the input."""
    passed = layer.for_each(grader, POOL, lambda case: layer.gradient_is_right(grader, case, INPUT))
    ties_are_shared(grader, MaxPool2dCase(2, 3, 6, 9, k=3, stride=3))
    return passed


@check("model.forward")
def model_forward(grader: Grader) -> Passed:
    """The model maps each image to ten logits."""
    return maps_images_to_logits(grader)


@check("model.learns")
def model_learns_check(grader: Grader) -> Passed:
    """Training moves every parameter, and the loss falls."""
    return model_learns(grader, CONVOLUTIONS)


@check("model.f1")
def model_f1(grader: Grader) -> Passed:
    """The trained model knows digits that it has not seen."""
    return model_reaches_f1(grader, CONVOLUTIONS)


@check("types.strict", begin=lambda grader: TypeCheck(grader.submission, grader.seconds("types.strict")))
def types_strict(grader: Grader) -> Passed:
    """mypy --strict accepts the file."""
    return types_are_strict(grader, grader.background("types.strict", TypeCheck))


@check("policy")
def policy(grader: Grader) -> Passed:
    """The file imports nothing that does the work for it."""
    return policies.only_allowed_imports(grader.submission, grader.assignment.config.imports)
