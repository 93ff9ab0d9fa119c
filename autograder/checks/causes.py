"""Causes: the usual mistakes, by name. A failure names one only where the evidence fits it and nothing else."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """What made a check fail, as `evidence["cause"]` has it. For whoever counts, ranks or groups failures."""

    # ---- a gradient ----
    SEVERED = "severed"
    """No gradient arrives."""
    ONLY_IF_INPUT_REQUIRES_GRAD = "only_if_input_requires_grad"
    IGNORES_UPSTREAM = "ignores_upstream"
    ZERO_GRADIENT = "zero_gradient"
    FACTOR = "factor"
    """The right gradient times a constant."""
    AVERAGED = "averaged"
    """The right gradient over a count: of images, of places, or of both."""
    FLIPPED_KERNEL = "flipped_kernel"
    """The backward reads the kernel, or its gradient, back to front."""
    OVERWRITTEN = "overwritten"
    """Contributions to one entry overwrite each other instead of adding up."""
    TIES = "ties"
    """Every entry that ties for the maximum gets the full gradient."""
    DOES_NOT_ACCUMULATE = "does_not_accumulate"
    """A second backward replaces what the first one left."""
    GRADIENT_SHAPE = "gradient_shape"
    MODIFIES_UPSTREAM = "modifies_upstream"
    FORWARD_WRONG = "forward_wrong"
    """The gradient is that of a wrong forward, or cannot be judged for it."""
    BACKWARD_WRONG = "backward_wrong"
    """Wrong in none of the usual ways."""

    # ---- a forward, and some of them a gradient too ----
    CONVOLUTION = "convolution"
    """The kernel is flipped: a convolution, where a cross-correlation is asked for."""
    PADDING_IGNORED = "padding_ignored"
    STRIDE_IGNORED = "stride_ignored"
    OUTPUT_SIZE = "output_size"
    MEAN_FOR_MAX = "mean_for_max"
    MIN_FOR_MAX = "min_for_max"
    STARTS_AT_ZERO = "starts_at_zero"
    """The maximum of a window and zero."""
    RESHAPE_FOR_TRANSPOSE = "reshape_for_transpose"
    AXES_SWAPPED = "axes_swapped"
    """Height and width."""
    MIXED_UP = "mixed_up"
    """Images or channels stand in each other's places."""
    FIRST_ONLY = "first_only"
    """Only the first of the batch is right."""
    BIAS_MISSING = "bias_missing"
    BIAS_TWICE = "bias_twice"
    KEEPS_STATE = "keeps_state"
    """Something of an earlier call is still there."""
    HANDOUT_SIZES_ONLY = "handout_sizes_only"
    MODIFIES_INPUT = "modifies_input"
    NEEDS_CONTIGUOUS = "needs_contiguous"
    NOT_DETERMINISTIC = "not_deterministic"
    NOT_FINITE = "not_finite"
    WRONG_TYPE = "wrong_type"
    """Something other than a Tensor comes back, or other than floating-point numbers."""
    VALUES_WRONG = "values_wrong"
    """Wrong in none of the usual ways."""

    # ---- parameters ----
    PLAIN_TENSOR = "plain_tensor"
    PARAMETER_IN_CONTAINER = "parameter_in_container"
    PARAMETER_MISSING = "parameter_missing"

    # ---- the model ----
    LOGITS_SHAPE = "logits_shape"
    BATCH_MIXED = "batch_mixed"
    """An image's logits depend on the others in the batch."""
    INPUT_IGNORED = "input_ignored"

    # ---- learning ----
    UNREGISTERED = "unregistered"
    DIVERGED = "diverged"
    DID_NOT_MOVE = "did_not_move"
    LOSS_DOES_NOT_FALL = "loss_does_not_fall"
    FEATURES_UNUSED = "features_unused"
    """The predictions do not depend on the layers that the assignment is about."""
    KNOWS_BEFORE_TRAINING = "knows_before_training"
    HYPERPARAMETER = "hyperparameter"
    F1_TOO_LOW = "f1_too_low"
    TOO_SLOW = "too_slow"

    # ---- anything ----
    TYPES = "types"
    IMPORTS = "imports"
    NOT_WRITTEN = "not_written"
    RAISED = "raised"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    FORBIDDEN = "forbidden"
