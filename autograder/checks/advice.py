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
    Cause.ONLY_IF_OTHERS_REQUIRE_GRAD: (
        N_("Where the other inputs require one too, it is right."),
        N_("Look for `requires_grad` in your code: only the input that requires none goes without a gradient."),
    ),
    Cause.ONLY_IF_LEAF: (
        N_("Where the input is no result of anything, it is right."),
        N_("Look for `is_leaf`, or a `detach`: what goes into a layer is, in a model, what comes out of another."),
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
    Cause.CHANGES_VALUES: (
        N_("Rules that run later read what the nodes hold, and so does the next call."),
        N_("f_d returns gradients and changes nothing that it is given: write to a new array, np.zeros_like(x.arr)."),
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
        N_("Only the first of the batch, or of the channels, is right."),
        N_("Is there an index [0] where all should be, or a loop that ends after one?"),
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
    Cause.SHARED_SETTINGS: (
        N_("What a layer was made with is kept where the next one replaces it: on the class, or in a global variable."),
        N_("Keep what __init__ gets on the layer itself, self.size = size, and nothing on the class or `global`."),
    ),
    Cause.STALE_PARAMETERS: (
        N_("The values are those of the parameters as they were before."),
        N_("Read each parameter's `.arr` in forward, every time: a copy of it does not follow the optimizer."),
    ),
    Cause.OUTPUT_REUSED: (
        N_("Both calls may be part of one graph, and each needs its own."),
        N_("Make a new array for every output (np.empty, np.zeros), not one that the layer keeps."),
    ),
    Cause.NEEDS_GRADIENT: (
        N_("Where the input requires one, in training, the same values come out right."),
        N_("What a layer computes depends on its input's values alone, not on whether anybody wants gradients."),
    ),
    Cause.CLIPPED: (
        N_("For one a millionth as large it is right: twice the upstream gradient must give twice the gradient."),
        N_("Is something clipped, or compared with a threshold, in f_d?"),
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
    Cause.SWAPPED_PARENTS: (
        N_("Each parent gets what belongs to the other one."),
        N_("f_d returns the gradients in the order of the parents; the one to a holds the derivative after a."),
    ),
    Cause.DERIVATIVE_MISSING: (
        N_("The derivative is missing in it, or part of it."),
        N_("A rule returns the upstream gradient times the derivative of y after that parent. Write it down on paper."),
    ),
    Cause.QUOTIENT_SQUARE: (
        N_("The square of the quotient rule is missing."),
        N_("d(a/b)/db = -a / b**2."),
    ),
    Cause.NUMERATOR_MISSING: (N_("The numerator is missing."), N_("d(a/b)/db = -a / b**2.")),
    Cause.EXPONENT: (
        N_("The exponent, or the factor in front, is not that of the power rule."),
        N_("d(a**b)/da = b * a**(b - 1): the exponent comes down, and is one less. exp is no power of x."),
    ),
    Cause.LOGARITHM: (
        N_("The derivative after the exponent is another one."),
        N_("a**b = exp(b * log(a)): differentiate that after b."),
    ),
    Cause.NOT_TRANSPOSED: (
        N_("An operand is not transposed."),
        N_("a is (..., M, K), b (..., K, N), dy (..., M, N): which product of dy and b has the shape of a?"),
    ),
    Cause.WRONG_ORDER: (
        N_("The factors stand in the wrong order, which square matrices hide."),
        N_("a is (..., M, K), b (..., K, N), dy (..., M, N): which product of dy and b has the shape of a?"),
    ),
    Cause.X_FOR_Y: (
        N_("It is what comes of x in the place of y."),
        N_("Where the derivative is written with the result, use y.arr: exp(x) is y, and sigmoid'(x) = y (1 - y)."),
    ),
    Cause.Y_FOR_X: (
        N_("It is what comes of y in the place of an operand."),
        N_("y is the result. Write the derivative down on paper, and see which of x and y it is written with."),
    ),
    Cause.GATE: (
        N_("The gate is not open just where x is positive."),
        N_("The gradient passes where x > 0, whatever its own sign, and is 0 elsewhere."),
    ),
    Cause.INVERSE_PERMUTATION: (
        N_("The axes are not moved back, but on: the permutation is not the inverse."),
        N_("Axis i of y is axis axes[i] of x, so that axis axes[i] of dx is axis i of dy. np.argsort inverts it."),
    ),
    Cause.FORTRAN_ORDER: (
        N_("The entries are put back in column-major order (Fortran's)."),
        N_("The forward went through them in row-major order: so must the way back."),
    ),
    Cause.NOT_FLIPPED_BACK: (
        N_("The gradients stand in reverse order along an axis."),
        N_("Entry i of y is not entry i of x where the step is negative. Let the key itself say where each one goes."),
    ),
    Cause.REPEATS: (
        N_("Where an entry was read twice, only the last of its gradients is kept."),
        N_("`dx[key] += dy` adds once, however often an index is there. np.add.at(dx, key, dy) adds every time."),
    ),
    Cause.REST_NOT_ZERO: (
        N_("Entries that were never read get a gradient."),
        N_("Start from zeros of the shape of x."),
    ),
    Cause.NOT_REDUCED: (
        N_("It still has the shape that broadcasting made."),
        N_("Add up over the axes that broadcasting put in front, and over those whose length was 1."),
    ),
    Cause.WRONG_AXES: (
        N_("It was added up, or spread, along another axis than the right one."),
        N_("Broadcasting counts axes from the end, and a reduction's axis is one of x, not of y."),
    ),
    Cause.TOO_EARLY: (
        N_("It is what comes of running a rule before all consumers of its node have delivered."),
        N_("Count each node's consumers first; run its rule when the last one of them has delivered."),
    ),
    Cause.COUNTS_LEFT: ("", N_("The library counts there as well, and begins at 0. Leave it as you found it.")),
    Cause.RUNS_AGAIN: (
        N_("A rule ran more than once."),
        N_("Wait until all consumers have delivered: then one run does. Else the work doubles at each fork."),
    ),
    Cause.WAITS_FOREVER: (
        N_("A node waited for a consumer that never delivered."),
        N_(
            "Count from the loss down, each consumer that the loss depends on once for each place it uses the node in. "
            "What the loss does not depend on delivers nothing."
        ),
    ),
    Cause.STOPS_AT_NONE: (
        N_("It is what comes of not counting a consumer whose rule returned None."),
        N_("None is nothing to add, but it is a delivery: take it off the count all the same."),
    ),
    Cause.GRADIENT_AT_CONSTANT: (
        N_("It requires none."),
        N_("Skip parents whose requires_grad is False, in the counting as well."),
    ),
    Cause.SHARES_MEMORY: (
        N_("An array was changed that somebody else holds as well."),
        N_("Give each leaf an array of its own, and add with `a + b`, not `a += b`: rules hand one array to several."),
    ),
    Cause.RECURSION: (
        N_("Python ran out of stack: the pass recurses, once for each node."),
        N_("Keep the nodes that are ready in a list, and loop until it is empty."),
    ),
    Cause.FAN_IN: (
        N_("That is the bound for another fan_in."),
        N_("How many inputs does one output add up? Multiply the lengths of the axes that the sum runs over."),
    ),
    Cause.DISTRIBUTION: ("", N_("np.random.uniform(-bound, bound, shape).")),
    Cause.UPHILL: (N_("It went uphill."), N_("The gradient points to where the loss grows: subtract.")),
    Cause.LEARNING_RATE: (
        N_("That is the step of another learning rate."),
        N_("Multiply the gradient by self.lr, as it is at the time of the step."),
    ),
    Cause.H0_IGNORED: (
        N_("It is what comes of starting from zeros: the h0 that is given is not used."),
        N_("Start with h = h0, and with zeros only where h0 is None. Step 1 multiplies W_h with h0."),
    ),
    Cause.WEIGHT_TRANSPOSED: (
        N_("It is what comes of a weight whose rows and columns are swapped."),
        N_(
            "Forward: x_t @ W_x and h @ W_h. Backward: da @ W_h.T goes to the state before, x_t.T @ da and h.T @ da go "
            "to the weights."
        ),
    ),
    Cause.WEIGHT_MISSING: (
        N_("It is what comes where a gradient goes to the state before without W_h."),
        N_("h_{t-1} acts through h_{t-1} @ W_h: what goes back to it is da_t @ W_h.T, also to h0."),
    ),
    Cause.ACTIVATION_MISSING: (
        N_("It is what comes without tanh, or with another function in its place."),
        N_("Put the whole sum through it: h = npt.tanh(x_t @ W_x + h @ W_h + b)."),
    ),
    Cause.ACTIVATION_DERIVATIVE: (
        N_("It is what comes where the derivative of tanh is missing, or is another."),
        N_("With h = tanh(a), the derivative is 1 - h**2: from the state itself, without another tanh."),
    ),
    Cause.NOT_RECURRENT: (
        N_("It is what comes where no step knows the state of the step before."),
        N_("Keep the state in a variable that the loop assigns: h = npt.tanh(... + h @ W_h + ...)."),
    ),
    Cause.TIME_REVERSED: (
        N_("It is what comes of going through time in the wrong direction."),
        N_("Forward from the first step to the last, backward from the last to the first: reversed(range(T))."),
    ),
    Cause.TRUNCATED_IN_PIECES: (
        N_("It is what comes back where the sequence is cut into pieces: nothing goes from one to the one before it."),
        N_("Go back through all steps. Who trains cuts sequences, by calling the layer on pieces (README.md)."),
    ),
    Cause.TRUNCATED_THROUGH_TIME: (
        N_("It is what comes back where each step keeps to itself: nothing goes back to the steps before it."),
        N_(
            "A state also acts through all states after it: dh_t = dy_t + da_{t+1} @ W_h.T. With Tensor operations, do "
            "not read `.arr` of the state, and do not detach it, inside the loop."
        ),
    ),
    Cause.LAST_STEP_ONLY: (
        N_("It is that of the last step alone."),
        N_("Keep every step's state, and add up what every step contributes to a gradient."),
    ),
    Cause.TIME_FIRST: (
        N_("The axes of batch and time are in each other's places."),
        N_("x is (N, T, D): step t is x[:, t]. Join the states along axis 1: npt.stack(states, axis=1)."),
    ),
    Cause.WRONG_STATE: (
        N_("A state stands where that of another step belongs."),
        N_(
            "outputs[:, t] is the state after step t, h_T the last of them. The gradient of W_h pairs da_t with the "
            "state before step t."
        ),
    ),
    Cause.STATE_SEVERED: (
        N_("What is pulled back from the last state, returned by itself, does not arrive."),
        N_("Return it from the graph: outputs[:, -1], not a new Tensor made of its values."),
    ),
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
