"""Advice: for each cause, what to tell a student it is, and where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.checks.causes import Cause
from autograder.words import N_, _

if TYPE_CHECKING:
    from autograder.checks.probe import LayerCase

_GRADCHECK = N_("Check against gradcheck (README.md, 'How to check').")

_ADVICE: dict[Cause, tuple[str, str]] = {
    Cause.ONLY_IF_INPUT_REQUIRES_GRAD: (
        N_("It does arrive when the input requires one."),
        N_(
            "Do not make the output depend on x.requires_grad: every Tensor that goes in counts. "
            "`numpytorch.autograd.attach(out, YourGradFn(x, w, b))` works it out."
        ),
    ),
    Cause.IGNORES_UPSTREAM: (
        N_("It is what an upstream gradient of all ones would give: the rule ignores the one that arrives."),
        N_("Multiply by `y.grad` in f_d: it is not all ones when anything follows the layer."),
    ),
    Cause.ZERO_GRADIENT: (
        N_("It is zero everywhere."),
        N_("The rule returns zeros, or ignores what it should add up."),
    ),
    Cause.FACTOR: (
        N_("Every entry is {factor:.6g} times what it should be."),
        N_("Look for a mean where a sum belongs, a wrong sign, a sum made twice, or a constant left over."),
    ),
    Cause.AVERAGED: (
        N_("Every entry is {factor:.6g} times what it should be: an average was taken where a sum belongs."),
        N_("Use sum, not mean: a loss that averages over the batch does so by itself, in its own gradient."),
    ),
    Cause.FLIPPED_KERNEL: (
        N_("It is what comes of a kernel that is read back to front."),
        N_("The forward is a cross-correlation: kernel entry (a, b) goes with x' at (i*S + a, j*S + b)."),
    ),
    Cause.OVERWRITTEN: (
        N_("It is what comes of contributions that overwrite each other instead of adding up."),
        N_("An entry of the input is in several windows, and a parameter in every one: use `+=`, not `=`."),
    ),
    Cause.TIES: (
        N_("Every entry that ties for the maximum receives the full gradient."),
        N_("Give it to one of them (argmax), or share it: divide by how many tie."),
    ),
    Cause.DOES_NOT_ACCUMULATE: (
        N_("It is right after one backward(), and then not the sum of the two."),
        N_(
            "Return gradients from f_d, and leave `.grad` to the engine, which adds them up. Change neither y.grad nor "
            "what you kept from the forward."
        ),
    ),
    Cause.GRADIENT_SHAPE: (
        "",
        N_("f_d returns one gradient for each parent, of its shape, in the order of super().__init__(x, w, b)."),
    ),
    Cause.MODIFIES_UPSTREAM: (
        N_("`y.grad` and what the forward kept may be in use elsewhere, as where a layer is skipped over."),
        N_("Write to a copy: `dy = y.grad.copy()`, or compute without writing: `y.grad * mask`."),
    ),
    Cause.BACKWARD_WRONG: ("", _GRADCHECK),
    Cause.CONVOLUTION: (
        N_("These are the values of a convolution, whose kernel is flipped; a cross-correlation is asked for."),
        N_("Multiply the kernel entry (a, b) with x' at (i*S + a, j*S + b), without turning the kernel round."),
    ),
    Cause.PADDING_IGNORED: (
        N_("These are the values without padding."),
        N_("Pad first: npt.pad(x, ((0, 0), (0, 0), (P, P), (P, P))), and compute OH and OW from H + 2P and W + 2P."),
    ),
    Cause.STRIDE_IGNORED: (
        N_("These are the values of another stride than the one asked for."),
        N_("Windows begin at i*S and j*S, and OH = (H + 2P - K) // S + 1."),
    ),
    Cause.OUTPUT_SIZE: (
        "",
        N_("OH = (H + 2*padding - kernel_size) // stride + 1, OW likewise from W; then (N, channels, OH, OW)."),
    ),
    Cause.MEAN_FOR_MAX: (
        N_("It is the mean of each window, not its maximum."),
        N_("Use max, whose gradient goes to the largest entry alone."),
    ),
    Cause.MIN_FOR_MAX: (N_("It is the minimum of each window, not its maximum."), N_("Use max.")),
    Cause.STARTS_AT_ZERO: (
        N_("Where all of a window is negative, 0 comes out: the maximum was started at zero, or the window padded."),
        N_("Start at -inf, or with the window's first entry."),
    ),
    Cause.RESHAPE_FOR_TRANSPOSE: (
        N_("The entries are those of a reshape where axes should have been moved."),
        N_(
            "reshape keeps the order of the entries in memory, whatever the axes are called. Move axes with transpose "
            "first, and reshape then."
        ),
    ),
    Cause.AXES_SWAPPED: (
        N_("Height and width are swapped."),
        N_("Keep the order (N, C, H, W): rows are axis 2, columns axis 3. Try it on an image that is not square."),
    ),
    Cause.MIXED_UP: (
        N_("The values are there, but images or channels stand in each other's places."),
        N_("Follow one image and one channel through each reshape, transpose and index."),
    ),
    Cause.FIRST_ONLY: (
        N_("Only the first of the batch is right."),
        N_("Is there an index [0] where all images should be, or a loop that ends after one?"),
    ),
    Cause.BIAS_MISSING: (N_("These are the values without the bias."), N_("Add bias[f] to every entry of channel f.")),
    Cause.BIAS_TWICE: (
        N_("The bias is in these values more than once."),
        N_("Add it once to each entry, after the sum over the window."),
    ),
    Cause.KEEPS_STATE: (
        N_("Something of another call is in it."),
        N_("Keep nothing on the layer that a later call reads: what the backward needs belongs to the GradFn."),
    ),
    Cause.HANDOUT_SIZES_ONLY: (
        N_("At the sizes of the handout's model it is right: a size is fixed somewhere."),
        N_("Compute every size from x.shape and the constructor's arguments. Look for 28, 26, 13, 3 or 2 in the code."),
    ),
    Cause.MODIFIES_INPUT: (
        N_("Whoever made the input still uses it: other layers, the rest of a batch, the next epoch."),
        N_("Work on a copy: x.arr.copy(), or on padded values of your own."),
    ),
    Cause.NEEDS_CONTIGUOUS: (
        N_("On the same values in one block of memory it is right."),
        N_("Do not compute with strides or flat memory: index by axes, or start from np.ascontiguousarray(x.arr)."),
    ),
    Cause.NOT_DETERMINISTIC: ("", N_("Keep nothing from one call to the next, and use no random numbers in forward.")),
    Cause.NOT_FINITE: ("", N_("Where does a division, a logarithm or an overflow come in?")),
    Cause.VALUES_WRONG: ("", N_("Compute that one entry by hand from the formula in the docstring, and compare.")),
}


def advice(cause: Cause, factor: float | None = None, *, case: LayerCase | None = None) -> tuple[str, str]:
    """Return what a cause is, as the end of a message (with a space before it), and a hint.

    case: the layer, which may have words of its own.
    """
    own = None if case is None else case.advice(cause)
    said, hint = own if own is not None else _ADVICE.get(cause, ("", ""))
    told = _(said, factor=factor) if factor is not None else _(said) if said else ""
    return f" {told}" if told else "", _(hint) if hint else ""
