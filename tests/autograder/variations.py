"""Wrong hand-ins, each the model answer (with a smaller model) with one thing changed, and what must come of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _light() -> str:
    """Return the model answer with a smaller model, which trains in a second."""
    source = (ROOT / "assignments" / "cnn" / "solution.py").read_text("utf-8")
    start, end = (
        source.index("            Conv2d(1, 32, 3),"),
        source.index('    def forward(self, x: Tensor) -> Tensor:\n        """Map images'),
    )
    return (
        source[:start]
        + "            Conv2d(1, 32, 5, 2),\n            nn.ReLU(),\n            MaxPool2d(2, 2),\n        )\n"
        + "        self.classifier = nn.Sequential(nn.Linear(32 * 6 * 6, 10))\n\n"
        + source[end:]
    ).replace("ITERATIONS = 300", "ITERATIONS = 600")


SOLUTION = _light()


@dataclass(frozen=True)
class Variation:
    """The model answer with `old` replaced by `new`.

    fails: the checks that must fail, all others passing. says: words that the message of each must hold.
    """

    name: str
    old: str
    new: str
    fails: tuple[str, ...]
    says: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    def source(self) -> str:
        """Return the hand-in."""
        assert SOLUTION.count(self.old) == 1, f"{self.name}: {self.old!r} is there {SOLUTION.count(self.old)} times"
        return SOLUTION.replace(self.old, self.new)


# One for each check: wrong hand-ins that nothing else catches.
ONLY_CAUGHT_BY: tuple[Variation, ...] = (
    Variation(
        "a constant is added to the convolution's output",
        "y = filters @ columns + self.bias.arr[:, None]",
        "y = filters @ columns + self.bias.arr[:, None] + 0.01",
        ("conv2d.forward",),
        ("right shape", "expected", "got", "tolerance"),
    ),
    Variation(
        "the weight gradient leaves out the first image",
        "dw = (dy @ self.columns.swapaxes(1, 2)).sum(axis=0)",
        "dw = (dy[1:] @ self.columns[1:].swapaxes(1, 2)).sum(axis=0)",
        ("conv2d.grad_weight",),
        ("the forward is right", "backward does not match", "`weight`"),
    ),
    Variation(
        "the bias gradient leaves out the first image",
        "db = dy.sum(axis=(0, 2))",
        "db = dy[1:].sum(axis=(0, 2))",
        ("conv2d.grad_bias",),
        ("the forward is right", "`bias`"),
    ),
    Variation(
        "the input gradient is overwritten where windows overlap",
        "dx[place] += dcolumns[:, :, k]  # an entry is in several windows: add",
        "dx[place] = dcolumns[:, :, k]",
        ("conv2d.grad_input",),
        ("the forward is right", "gradient at the input"),
    ),
    Variation(
        "the convolution keeps its parameters in a list, and the model registers them itself",
        """        self.classifier = nn.Sequential(""",
        """        for i, layer in enumerate(self.features):
            if isinstance(layer, Conv2d):
                setattr(self, f"w{i}", layer.held[0])
                setattr(self, f"b{i}", layer.held[1])
        self.classifier = nn.Sequential(""",
        ("conv2d.parameters",),
        ("`held[0]`", "list"),
    ),
    Variation(
        "a constant is added to the pooling's output",
        "return attach(y, MaxPool2dGradFn(x, chosen, places))",
        "return attach(y + 0.01, MaxPool2dGradFn(x, chosen, places))",
        ("maxpool2d.forward",),
        ("right shape", "worst"),
    ),
    Variation(
        "the pooling gradient is overwritten where windows overlap",
        "dx[place] += y.grad * (self.chosen == k)  # windows may overlap: add",
        "dx[place] = np.where(self.chosen == k, y.grad, dx[place])",
        ("maxpool2d.grad_input",),
        ("Right in 2 of 4 configurations", "gradient at the input"),
    ),
    Variation(
        "logits depend on the other images in the batch",
        "return self.classifier(x.reshape(len(x), -1))",
        "logits = self.classifier(x.reshape(len(x), -1))\n        return logits + 0.1 * logits.mean(axis=0)",
        ("model.forward",),
        ("alone", "batch"),
    ),
    Variation(
        "the model cuts the graph behind its convolutions",
        "x = self.features(x)",
        "x = self.features(x).detach()",
        ("model.learns",),
        ("none", "features.0.weight", "random features"),
    ),
    Variation(
        "training stops early",
        "ITERATIONS = 600",
        "ITERATIONS = 40",
        ("model.f1",),
        ("at least 0.9", "Macro F1"),
    ),
    Variation(
        "an annotation is missing",
        "def out_length(length: int, kernel_size: int, stride: int) -> int:",
        "def out_length(length, kernel_size, stride):  # no annotations",
        ("types.strict",),
        ("mypy", "line"),
    ),
    Variation(
        "a module is imported that is not allowed",
        "import numpy as np\n",
        "import os\n\nimport numpy as np\n",
        ("policy",),
        ("`import os`", "Line 6"),
    ),
)
_HELD = (
    ("self.weight = nn.Parameter.new(", "self.held = [nn.Parameter.new("),
    ("out_channels, in_channels, kernel_size, kernel_size)", "out_channels, in_channels, kernel_size, kernel_size)]"),
    ("self.bias = nn.Parameter(npt.zeros(out_channels))", "self.held.append(nn.Parameter(npt.zeros(out_channels)))"),
    ("self.weight", "self.held[0]"),
    ("self.bias", "self.held[1]"),
)


def source_of(variation: Variation) -> str:
    """Return a variation's source; the one that keeps parameters in a list changes several places."""
    source = variation.source()
    if "LATEST" in source:
        source = source.replace("class Conv2dGradFn", "LATEST: list[Array] = [np.zeros(1)]\n\n\nclass Conv2dGradFn")
        source = source.replace(
            "        grad_fn = Conv2dGradFn", "        LATEST[0] = columns\n        grad_fn = Conv2dGradFn"
        )
    if variation.fails == ("conv2d.parameters",):
        for old, new in _HELD:
            source = source.replace(old, new)
    return source


CONV = ("conv2d.forward", "conv2d.grad_weight", "conv2d.grad_bias", "conv2d.grad_input")
FORWARD = "y = filters @ columns + self.bias.arr[:, None]  # (N, F, OH*OW)"

# More faults of Conv2d, judged by its own checks alone.
CONV_FAULTS: tuple[Variation, ...] = (
    Variation(
        "the kernel is flipped, forward and backward: convolution, not cross-correlation",
        "columns[:, :, k] = x.arr[place]",
        "columns[:, :, len(places) - 1 - k] = x.arr[place]",
        ("conv2d.forward", "conv2d.grad_weight"),
        ("expected", "got"),
    ),
    Variation(
        "stride is ignored",
        "self.stride = stride\n        self.padding",
        "self.stride = 1\n        self.padding",
        CONV,
        ("stride=",),
    ),
    Variation(
        "padding is ignored",
        "self.padding = padding",
        "self.padding = 0",
        CONV,
        ("padding=",),
    ),
    Variation(
        "the rule ignores the upstream gradient",
        "dy = y.grad.reshape(n, f, out_h * out_w)",
        "dy = np.ones_like(y.grad).reshape(n, f, out_h * out_w)",
        ("conv2d.grad_weight", "conv2d.grad_bias", "conv2d.grad_input"),
        ("the forward is right", "backward does not match"),
    ),
    Variation(
        "a gradient arrives at the weight only where the input requires one",
        "return attach(y.reshape(n, -1, out_h, out_w), grad_fn)",
        "y = y.reshape(n, -1, out_h, out_w)\n        return attach(y, grad_fn) if x.requires_grad else npt.tensor(y)",
        ("conv2d.grad_weight", "conv2d.grad_bias"),
        ("requires no gradient, as images do",),
    ),
    Variation(
        "the rule does not get the bias",
        "super().__init__(x, w, b)",
        "super().__init__(x, w, npt.tensor(b))",
        ("conv2d.grad_bias",),
        ("no gradient arrives at the bias", "super().__init__(x, w, b)"),
    ),
    Variation(
        "the weight gradient has the wrong sign",
        ".sum(axis=0).reshape(w.shape)",
        ".sum(axis=0).reshape(w.shape) * -1",
        ("conv2d.grad_weight",),
        ("-1 times",),
    ),
    Variation(
        "the columns of the first call are used for ever",
        "grad_fn = Conv2dGradFn(x, self.weight, self.bias, columns, places)",
        "vars(self).setdefault('first', columns)\n"
        "        first = vars(self)['first']\n"
        "        columns = first if first.shape == columns.shape else columns\n"
        "        grad_fn = Conv2dGradFn(x, self.weight, self.bias, columns, places)",
        ("conv2d.grad_weight",),
        ("the forward is right",),
    ),
    Variation(
        "an array comes back, not a Tensor",
        "return attach(y.reshape(n, -1, out_h, out_w), grad_fn)",
        "return y.reshape(n, -1, out_h, out_w)  # type: ignore[return-value]",
        CONV,
        ("expected it to return one Tensor", "ndarray"),
    ),
    Variation(
        "the output is infinite",
        FORWARD,
        "y = filters @ columns + np.inf",
        CONV,
        ("inf",),
    ),
    Variation(
        "the forward draws random numbers",
        FORWARD,
        "y = (filters @ columns + self.bias.arr[:, None]) * np.random.default_rng().uniform(0.98, 0.99)",
        CONV,
        ("expected",),
    ),
    Variation(
        "the forward draws random numbers too small to see in its values",
        FORWARD,
        "y = filters @ columns + self.bias.arr[:, None] * np.random.default_rng().uniform(1 - 1e-6, 1 + 1e-6)",
        ("conv2d.grad_weight", "conv2d.grad_bias", "conv2d.grad_input"),
        ("the same output whenever",),
    ),
    Variation(
        "the weight is stored as a matrix",
        "self.weight = nn.Parameter.new(out_channels, in_channels, kernel_size, kernel_size)",
        "self.weight = nn.Parameter.new(out_channels, in_channels * kernel_size * kernel_size)",
        ("conv2d.forward", "conv2d.grad_weight", "conv2d.parameters"),
        ("expected a weight of shape", "nn.Parameter.new("),
    ),
    Variation(
        "the backward uses the columns of the latest forward",
        "dw = (dy @ self.columns.swapaxes(1, 2))",
        "dw = (dy @ LATEST[0].swapaxes(1, 2))",
        ("conv2d.grad_weight",),
        ("the forward is right",),
    ),
    Variation(
        "the rule writes `.grad` itself, over what was there",
        "db = dy.sum(axis=(0, 2))",
        "b.grad = dy.sum(axis=(0, 2))\n        db = None  # type: ignore[assignment]",
        ("conv2d.grad_bias",),
        ("not the sum of the two",),
    ),
    Variation(
        "the sizes of the first image are used for ever",
        "places = windows(self.kernel_size, self.stride, out_h, out_w)\n\n",
        "out_h, out_w = vars(self).setdefault('size', (out_h, out_w))\n"
        "        places = windows(self.kernel_size, self.stride, out_h, out_w)\n\n",
        ("conv2d.forward",),
        ("expected an output of shape",),
    ),
    Variation(
        "the gradients of a single image are lost",
        "dy = y.grad.reshape(n, f, out_h * out_w)",
        "dy = y.grad.reshape(n, f, out_h * out_w) * (n > 1)",
        ("conv2d.grad_weight", "conv2d.grad_bias", "conv2d.grad_input"),
        ("x (1, 1, 3, 6)", "zero everywhere"),
    ),
    Variation(
        "the weight gradient is lost where windows leave gaps",
        "db = dy.sum(axis=(0, 2))",
        "db = dy.sum(axis=(0, 2))\n        dw = dw * (x.shape[3] < 2 * y.shape[3] + w.shape[3])",
        ("conv2d.grad_weight",),
        ("stride=3",),
    ),
)


# Right hand-ins, each the model answer with something done in another way.
ALSO_RIGHT: tuple[tuple[str, str, str], ...] = (
    ("the layer keeps its input", "p = self.padding\n", "p = self.padding\n        self.x = x\n"),
    (
        "the model holds a constant",
        "self.classifier = nn.Sequential(",
        "self.mean = npt.tensor(0.13)\n        self.classifier = nn.Sequential(",
    ),
    (
        "the last layer is zero to begin with",
        '    def forward(self, x: Tensor) -> Tensor:\n        """Map images',
        "        for p in self.classifier.parameters():\n            p.arr = np.zeros_like(p.arr)\n\n"
        '    def forward(self, x: Tensor) -> Tensor:\n        """Map images',
    ),
    (
        "an import is for the type checker only",
        "import numpy as np\n",
        "from typing import TYPE_CHECKING\n\nimport numpy as np\n\nif TYPE_CHECKING:\n    from collections.abc import Mapping\n",
    ),
    (
        "the columns are float32",
        "columns = np.empty((n, c, len(places), out_h, out_w), dtype=x.dtype)",
        "columns: Array = np.empty((n, c, len(places), out_h, out_w), dtype=np.float32)",
    ),
    (
        "the pooling's output is float32",
        "return attach(y, MaxPool2dGradFn(x, chosen, places))",
        "return attach(y.astype(np.float32), MaxPool2dGradFn(x, chosen, places))",
    ),
    (
        "the bias has four axes",
        "self.bias = nn.Parameter(npt.zeros(out_channels))",
        "self.bias = nn.Parameter(npt.zeros(1, out_channels, 1, 1))",
    ),
    (
        "hyperparameters are NumPy's numbers",
        "ITERATIONS = 600",
        "ITERATIONS = np.int64(600)",
    ),
)
