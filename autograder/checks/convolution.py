"""Convolution and pooling as cases: what they must compute, and what the usual mistakes compute instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from autograder.checks import reference
from autograder.checks.advice import advice
from autograder.checks.api import Failed, Grader
from autograder.checks.causes import Cause
from autograder.checks.compare import FLOAT32_TOLERANCE, TOLERANCE, json_number
from autograder.checks.probe import INPUT, LayerCase, probe
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from autograder.sandbox import Array, Scalar

    Arrays = tuple[Array, ...]
    Values = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Conv2dCase(LayerCase):
    """One configuration of Conv2d, on images (N, C, H, W). Sizes differ, so that no two can be mixed up.

    magnitude: of the numbers in the images.
    """

    n: int
    c: int
    h: int
    w: int
    f: int
    k: int
    stride: int = 1
    padding: int = 0
    magnitude: float = 1.0

    def __str__(self) -> str:
        options = f", stride={self.stride}" * (self.stride != 1) + f", padding={self.padding}" * (self.padding != 0)
        magnitude = f"{self.magnitude:g} * " * (self.magnitude != 1)
        shape = f"({self.n}, {self.c}, {self.h}, {self.w})"
        return f"Conv2d({self.c}, {self.f}, {self.k}{options}) on {magnitude}x {shape}"

    @property
    def cls(self) -> str:
        """Conv2d."""
        return "Conv2d"

    @property
    def args(self) -> tuple[Scalar, ...]:
        """in_channels, out_channels, kernel_size."""
        return self.c, self.f, self.k

    @property
    def kwargs(self) -> Mapping[str, Scalar]:
        """Stride and padding, where they are not the default."""
        given = {"stride": (self.stride, 1), "padding": (self.padding, 0)}
        return {name: value for name, (value, default) in given.items() if value != default}

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The weight is (F, C, K, K), the bias (F,)."""
        return {"weight": (self.f, self.c, self.k, self.k), "bias": (self.f,)}

    def sample(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw x (N, C, H, W)."""
        return {INPUT: self.magnitude * rng.standard_normal((self.n, self.c, self.h, self.w))}

    def resized(self) -> tuple[Conv2dCase, ...]:
        """List the same layer on wider, on higher and on more images."""
        wider = replace(self, w=self.w + 1)
        higher = replace(wider, h=self.h + 2)
        return wider, higher, replace(higher, n=self.n + 1)

    def handout(self) -> Conv2dCase | None:
        """Return the first convolution of the handout's model, from which this one differs in sizes alone."""
        return None if self.padding or self.stride != 1 else Conv2dCase(2, 1, 28, 28, f=32, k=3)

    def forward(self, inputs: Values, parameters: Values) -> Arrays:
        """Cross-correlate."""
        weight, bias = parameters["weight"], parameters["bias"]
        return (reference.conv2d(inputs[INPUT], weight, bias, self.stride, self.padding),)

    def gradients(self, inputs: Values, parameters: Values, upstream: Arrays) -> dict[str, Array]:
        """Compute the right gradients."""
        weight, bias = parameters["weight"], parameters["bias"]
        return reference.conv2d_gradients(inputs[INPUT], weight, bias, upstream[0], self.stride, self.padding)

    def forward_suspects(self, inputs: Values, parameters: Values) -> Iterator[tuple[Cause, Arrays]]:
        """Act out what goes wrong in a convolution's forward."""
        x, weight, bias = inputs[INPUT], parameters["weight"], parameters["bias"]

        def with_values(**changed: Array) -> Arrays:
            return self.forward({INPUT: changed.pop("x", x)}, {**parameters, **changed})

        yield Cause.CONVOLUTION, with_values(weight=weight[:, :, ::-1, ::-1])
        yield Cause.BIAS_MISSING, with_values(bias=np.zeros_like(bias))
        yield Cause.BIAS_TWICE, with_values(bias=2 * bias)
        yield Cause.BIAS_TWICE, with_values(bias=self.c * bias)
        yield Cause.BIAS_TWICE, with_values(bias=self.c * self.k**2 * bias)
        yield Cause.AXES_SWAPPED, with_values(weight=weight.swapaxes(2, 3))
        if self.padding:
            yield Cause.PADDING_IGNORED, replace(self, padding=0).forward(inputs, parameters)
        for stride in {1, self.k} - {self.stride}:
            yield Cause.STRIDE_IGNORED, replace(self, stride=stride).forward(inputs, parameters)
        if self.padding and self.stride != 1:
            yield Cause.STRIDE_IGNORED, replace(self, stride=1, padding=0).forward(inputs, parameters)
        (swapped,) = self.forward({INPUT: x.swapaxes(2, 3)}, parameters)
        yield Cause.AXES_SWAPPED, (swapped.swapaxes(2, 3),)
        yield Cause.AXES_SWAPPED, (swapped,)
        for name, value in (("weight", weight), ("x", x)):
            for order in ((1, 0, 2, 3), (0, 2, 3, 1)):
                shape = tuple(value.shape[i] for i in order)
                moved = value.reshape(shape).transpose(np.argsort(order))
                yield Cause.RESHAPE_FOR_TRANSPOSE, with_values(**{name: moved})
                yield Cause.RESHAPE_FOR_TRANSPOSE, with_values(**{name: value.transpose(order).reshape(value.shape)})
        yield Cause.RESHAPE_FOR_TRANSPOSE, self._of_reshaped_columns(x, weight, bias)
        yield Cause.MIXED_UP, with_values(weight=weight[:, ::-1])
        yield Cause.MIXED_UP, with_values(weight=weight[::-1])
        yield Cause.MIXED_UP, with_values(bias=bias[::-1])
        if self.c > 1:
            yield Cause.FIRST_ONLY, with_values(weight=np.concatenate([weight[:, :1], 0 * weight[:, 1:]], axis=1))

    def gradient_suspects(
        self, target: str, inputs: Values, parameters: Values, upstream: Arrays
    ) -> Iterator[tuple[Cause, Array]]:
        """Act out what goes wrong in a convolution's backward."""
        x, weight, (dy,) = inputs[INPUT], parameters["weight"], upstream

        def gradient(**changed: Array) -> Array:
            values = {"x": x, "weight": weight, "dy": dy} | changed
            return self.gradients({INPUT: values["x"]}, {**parameters, "weight": values["weight"]}, (values["dy"],))[
                target
            ]

        right = gradient()
        if target == "weight":
            yield Cause.FLIPPED_KERNEL, right[:, :, ::-1, ::-1]
            yield Cause.AXES_SWAPPED, right.swapaxes(2, 3)
            yield Cause.FLIPPED_KERNEL, right[:, :, ::-1]
            yield Cause.FLIPPED_KERNEL, right[:, :, :, ::-1]
            yield Cause.FIRST_ONLY, _first_alone(right, axis=0)
        if target in ("weight", INPUT):
            yield Cause.FIRST_ONLY, _first_alone(right, axis=1)
        if target == INPUT:
            yield Cause.FLIPPED_KERNEL, gradient(weight=weight[:, :, ::-1, ::-1])
            yield Cause.AXES_SWAPPED, gradient(weight=weight.swapaxes(2, 3))
            yield Cause.FLIPPED_KERNEL, gradient(weight=weight[:, :, ::-1])
            yield Cause.FLIPPED_KERNEL, gradient(weight=weight[:, :, :, ::-1])
            yield from ((Cause.OVERWRITTEN, dx) for dx in self._overwritten(x, weight, dy))
            for order in ((1, 0, 2, 3), (0, 2, 3, 1)):
                shape = tuple(weight.shape[i] for i in order)
                yield Cause.RESHAPE_FOR_TRANSPOSE, gradient(weight=weight.reshape(shape).transpose(np.argsort(order)))
                yield Cause.RESHAPE_FOR_TRANSPOSE, gradient(weight=weight.transpose(order).reshape(weight.shape))
            yield Cause.MIXED_UP, gradient(weight=weight[:, ::-1])
            yield Cause.MIXED_UP, gradient(weight=weight[::-1])
        else:
            for place in ((slice(None), slice(None), -1, -1), (-1, slice(None), -1, -1)):
                last = np.zeros_like(dy)
                last[place] = dy[place]
                yield Cause.OVERWRITTEN, gradient(dy=last)
        if self.padding:
            bare = replace(self, padding=0)
            inner = dy[:, :, : bare.out_shape[0], : bare.out_shape[1]]
            if inner.shape[2:] == bare.out_shape:
                yield Cause.PADDING_IGNORED, bare.gradients(inputs, parameters, (inner,))[target]
        if self.stride > 1:
            dense = replace(self, stride=1)
            wide = np.zeros((*dy.shape[:2], *dense.out_shape))
            wide[:, :, : dy.shape[2], : dy.shape[3]] = dy
            yield Cause.STRIDE_IGNORED, dense.gradients(inputs, parameters, (wide,))[target]

    def _of_reshaped_columns(self, x: Array, weight: Array, bias: Array) -> Arrays:
        """Return what im2col gives if the columns (N, C, K, K, OH, OW) become rows by reshape alone."""
        p, s, k = self.padding, self.stride, self.k
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        rows = windows.transpose(0, 1, 4, 5, 2, 3).reshape(-1, self.c * k * k)  # not (N*OH*OW, C*K*K)
        y = rows @ weight.reshape(self.f, -1).T + bias
        return (y.reshape(self.n, *self.out_shape, self.f).transpose(0, 3, 1, 2),)

    @property
    def out_shape(self) -> tuple[int, int]:
        """OH and OW."""
        return (
            reference.out_length(self.h, self.k, self.stride, self.padding),
            reference.out_length(self.w, self.k, self.stride, self.padding),
        )

    def _overwritten(self, x: Array, weight: Array, dy: Array) -> Iterator[Array]:
        """Yield dx where what comes later in a loop overwrites what came before: over windows, offsets, filters."""
        p, s, k = self.padding, self.stride, self.k
        inside = slice(p, -p or None)
        shape = (self.n, self.c, self.h + 2 * p, self.w + 2 * p)
        out_h, out_w = dy.shape[2:]
        by_window, by_offset = np.zeros(shape), np.zeros(shape)
        for i in range(out_h):
            for j in range(out_w):
                part = np.einsum("nf,fcab->ncab", dy[:, :, i, j], weight)
                by_window[:, :, i * s : i * s + k, j * s : j * s + k] = part
        for a in range(k):
            for b in range(k):
                part = np.einsum("nfij,fc->ncij", dy, weight[:, :, a, b])
                by_offset[:, :, a : a + s * (out_h - 1) + 1 : s, b : b + s * (out_w - 1) + 1 : s] = part
        yield by_window[:, :, inside, inside]
        yield by_offset[:, :, inside, inside]
        last = np.zeros_like(dy)
        last[:, -1] = dy[:, -1]
        yield reference.conv2d_gradients(x, weight, np.zeros(self.f), last, s, p)[INPUT]


@dataclass(frozen=True, slots=True)
class MaxPool2dCase(LayerCase):
    """One configuration of MaxPool2d, on images (N, C, H, W).

    scale: what the images' numbers, half of them negative, are multiplied by. shift: what is added to them.
    """

    n: int
    c: int
    h: int
    w: int
    k: int
    stride: int
    scale: float = 1.0
    shift: float = 0.0

    def __str__(self) -> str:
        scale = f"{self.scale:g} * " * (self.scale != 1)
        shift = f" {'-' if self.shift < 0 else '+'} {abs(self.shift):g}" * (self.shift != 0)
        return f"MaxPool2d({self.k}, {self.stride}) on {scale}x{shift} ({self.n}, {self.c}, {self.h}, {self.w})"

    @property
    def cls(self) -> str:
        """MaxPool2d."""
        return "MaxPool2d"

    @property
    def args(self) -> tuple[Scalar, ...]:
        """kernel_size, stride."""
        return self.k, self.stride

    def sample(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw x (N, C, H, W), half of it negative, with entries about 0.02 apart: there are no ties."""
        size = self.n * self.c * self.h * self.w
        values = 0.02 * (rng.permutation(size) - size // 2) + rng.uniform(-1e-3, 1e-3, size)
        return {INPUT: self.scale * values.reshape(self.n, self.c, self.h, self.w) + self.shift}

    def resized(self) -> tuple[MaxPool2dCase, ...]:
        """List the same layer on wider, on higher and on more images."""
        wider = replace(self, w=self.w + 1)
        higher = replace(wider, h=self.h + 2)
        return wider, higher, replace(higher, n=self.n + 1)

    def handout(self) -> MaxPool2dCase | None:
        """Return the first pooling of the handout's model, from which this one differs in sizes alone."""
        return None if self.stride != self.k or self.shift else MaxPool2dCase(2, 32, 26, 26, k=2, stride=2)

    def forward(self, inputs: Values, parameters: Values) -> Arrays:
        """Take the maxima."""
        return (reference.max_pool2d(inputs[INPUT], self.k, self.stride),)

    def gradients(self, inputs: Values, parameters: Values, upstream: Arrays) -> dict[str, Array]:
        """Compute the right gradient."""
        return {INPUT: reference.max_pool2d_gradient(inputs[INPUT], upstream[0], self.k, self.stride)}

    def forward_suspects(self, inputs: Values, parameters: Values) -> Iterator[tuple[Cause, Arrays]]:
        """Act out what goes wrong in a pooling's forward."""
        x = inputs[INPUT]
        right = reference.max_pool2d(x, self.k, self.stride)
        yield Cause.MEAN_FOR_MAX, (self._means(x),)
        yield Cause.MIN_FOR_MAX, (-reference.max_pool2d(-x, self.k, self.stride),)
        yield Cause.STARTS_AT_ZERO, (np.maximum(right, 0),)
        for stride in {1, self.k} - {self.stride}:
            yield Cause.STRIDE_IGNORED, replace(self, stride=stride).forward(inputs, parameters)
        swapped = reference.max_pool2d(x.swapaxes(2, 3), self.k, self.stride)
        yield Cause.AXES_SWAPPED, (swapped,)
        yield Cause.AXES_SWAPPED, (swapped.swapaxes(2, 3),)
        n, c, out_h, out_w = right.shape
        if self.k == self.stride:
            x = x[:, :, : out_h * self.k, : out_w * self.k]
            for windows, axes in (((out_h, out_w, self.k, self.k), (4, 5)), ((out_h, out_w, self.k**2), (4,))):
                yield Cause.RESHAPE_FOR_TRANSPOSE, (x.reshape(n, c, *windows).max(axis=axes),)

    def gradient_suspects(
        self, target: str, inputs: Values, parameters: Values, upstream: Arrays
    ) -> Iterator[tuple[Cause, Array]]:
        """Act out what goes wrong in a pooling's backward."""
        x, (dy,) = inputs[INPUT], upstream
        k, s = self.k, self.stride
        overwritten, cleared, mean, swapped = (np.zeros_like(x) for _ in range(4))
        by_offset, latest = np.zeros_like(x), np.full(x.shape, -1)
        for n, c, i, j in np.ndindex(dy.shape):
            window = (n, c, slice(i * s, i * s + k), slice(j * s, j * s + k))
            largest = x[window] == x[window].max()
            overwritten[window] = np.where(largest, dy[n, c, i, j], overwritten[window])
            cleared[window] = np.where(largest, dy[n, c, i, j], 0)
            mean[window] += dy[n, c, i, j] / k**2
            swapped[window] += largest.T * dy[n, c, i, j]
            offset = int(largest.argmax())  # in loops over places in the window, the last of these is left
            at = (n, c, i * s + offset // k, j * s + offset % k)
            if offset >= latest[at]:
                by_offset[at], latest[at] = dy[n, c, i, j], offset
        yield Cause.OVERWRITTEN, overwritten
        yield Cause.OVERWRITTEN, by_offset
        yield Cause.OVERWRITTEN, cleared
        yield Cause.AXES_SWAPPED, swapped
        yield Cause.MEAN_FOR_MAX, mean

    def _means(self, x: Array) -> Array:
        y = np.zeros_like(reference.max_pool2d(x, self.k, self.stride))
        for n, c, i, j in np.ndindex(y.shape):
            s, k = self.stride, self.k
            y[n, c, i, j] = x[n, c, i * s : i * s + k, j * s : j * s + k].mean()
        return y


def _first_alone(whole: Array, axis: int) -> Array:
    """Return an array that is zero but for its first entry along an axis."""
    kept = np.zeros_like(whole)
    kept.swapaxes(0, axis)[0] = whole.swapaxes(0, axis)[0]
    return kept


def ties_are_shared(grader: Grader, case: MaxPool2dCase) -> None:
    """Raise Failed unless the entries that tie for a maximum get the upstream gradient once, in whatever shares.

    Every such gradient is a right one, as the maximum has a kink there. case: windows that do not overlap.
    """
    p = probe(grader, case, (), "ties")
    rng = grader.rng("ties", str(case))
    x = rng.integers(-2, 1, p.inputs[INPUT].shape).astype(np.float64)
    called = p.call({INPUT: x})
    dy = rng.standard_normal(case.forward({INPUT: x}, {})[0].shape)
    if called.arrays[0].shape != dy.shape or not called.output.requires_grad:
        return  # which other checks say
    (dx,) = p.session.backward(called.output.id, dy).inputs
    if dx is None or dx.shape != x.shape:
        return
    k, most = case.k, (FLOAT32_TOLERANCE if called.rounded else TOLERANCE) * float(np.abs(dy).max())
    for n, c, i, j in np.ndindex(dy.shape):
        window = (n, c, slice(i * k, i * k + k), slice(j * k, j * k + k))
        tied, shares, whole = x[window] == x[window].max(), dx[window], float(dy[n, c, i, j])
        fair = np.abs(shares[~tied]).max(initial=0) <= most and abs(float(shares.sum()) - whole) <= most
        if fair and (shares * np.sign(whole) >= -most).all():
            continue
        count = int(tied.sum())
        each = bool((np.abs(shares[tied] - whole) <= most).all())
        said, hint = advice(Cause.TIES if each and count > 1 else Cause.BACKWARD_WRONG)
        raise Failed(
            _(
                "{case}, with ties, as ReLU makes them: in the window at {index}, {count} entries are the largest, and "
                "its gradients sum to {got:.6g}. Expected the upstream gradient once, {whole:.6g}, at one of these or "
                "shared among them.",
                case=case,
                index=[n, c, i, j],
                count=count,
                got=float(shares.sum()),
                whole=whole,
            )
            + said,
            hint=hint,
            cause=Cause.TIES if each and count > 1 else Cause.BACKWARD_WRONG,
            evidence={"index": [n, c, i, j], "tied": count, "sum": json_number(float(shares.sum())), "expected": whole},
        )
