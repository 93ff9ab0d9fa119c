"""Warm up: forecast a sine wave with the RNN of assignment.py, trained by truncated backpropagation through time.

python warmup.py                train, forecast, and draw what came of it into sine.png
python warmup.py --out my.svg   another file; its suffix says which format
python warmup.py --no-plot      without the plot, and without matplotlib
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import numpytorch as npt
from numpytorch import Tensor, nn, optim, tensor

from assignment import RNN

Array = NDArray[np.floating]

PERIOD = 25  # steps a wave takes
WAVES, LENGTH = 16, 1000  # what there is to learn from: waves that start at different places
HIDDEN = 24
SHOWN, FORECAST = 30, 150  # how many values the trained model is shown, and how many it then continues by itself


class Forecaster(nn.Module):
    """Predict each next value of a sequence from those before it."""

    def __init__(self) -> None:
        self.rnn = RNN(1, HIDDEN)
        self.head = nn.Linear(HIDDEN, 1)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Map values (N, T, 1), and the state before them, to the values that follow each (N, T, 1), and the state."""
        states, last = self.rnn(x, state)
        return self.head(states), last


def train(model: Forecaster, waves: Array, steps: int, epochs: int) -> None:
    """Learn from waves (N, L, 1), `steps` values at a time: truncated backpropagation through time.

    A graph over all L values would have to be kept whole until backward(). Instead each piece gets a backward() and
    an update of its own. The state is handed over, so that a piece knows what came before it, but detached:
    no gradient goes back into the piece before, whose graph is thereby free.
    """
    criterion = nn.MSELoss()
    optimizer = optim.Adam(model.parameters(), lr=0.003)
    length = waves.shape[1] - 1  # the last value has no next one
    with tqdm(total=epochs) as bar:
        for _ in range(epochs):
            state: Tensor | None = None
            losses = []
            for start in range(0, length, steps):
                stop = min(start + steps, length)
                optimizer.zero_grad()
                predicted, state = model(tensor(waves[:, start:stop]), state)
                loss = criterion(predicted, tensor(waves[:, start + 1 : stop + 1]))
                loss.backward()
                optimizer.step()
                state = state.detach()
                losses.append(loss.item())
            bar.set_postfix(loss=f"{np.mean(losses):.6f}")
            bar.update()


def forecast(model: Forecaster, shown: Array, steps: int) -> Array:
    """Show the model values (T,), then let it continue for `steps` steps, each from its own prediction before."""
    values: list[float] = []
    with npt.no_grad():
        predicted, state = model(tensor(shown.reshape(1, -1, 1)))
        for _ in range(steps):
            following = predicted[:, -1:]
            values.append(following.item())
            predicted, state = model(following, state)
    return np.array(values)


def draw(file: Path, truth: Array, continued: Array) -> None:
    """Draw the true values (SHOWN + FORECAST,) and the forecast of the last FORECAST of them into a file."""
    from matplotlib.figure import Figure  # not pyplot: this needs no display

    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.add_subplot()
    steps = np.arange(len(truth))
    axes.axvspan(0, SHOWN - 1, color="0.92", label="shown to the model")
    axes.plot(steps, truth, color="0.6", linewidth=3, label="sine")
    axes.plot(steps[SHOWN:], continued, color="tab:blue", label="forecast, from its own predictions")
    axes.set(xlabel="time step", ylabel="value", ylim=(-1.6, 1.6), xlim=(0, len(truth) - 1))
    axes.legend(loc="lower center", ncols=3, frameon=False)
    figure.savefig(file, dpi=150)


def check_can_draw(file: Path) -> None:
    """End the program, saying what to do, if the plot could not be drawn once training is over."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        sys.exit("The plot needs matplotlib, which is not installed. Run `pip install matplotlib`, or use --no-plot.")
    suffixes = Figure().canvas.get_supported_filetypes()
    if file.suffix.removeprefix(".") not in suffixes:
        sys.exit(f"--out: expected a file that ends in one of {', '.join(sorted(suffixes))}, got {file}.")
    if not file.parent.is_dir():
        sys.exit(f"--out: expected a file in a folder that exists, got {file}.")


def main() -> None:
    """Train on sine waves, then continue one."""
    parser = argparse.ArgumentParser(description="Forecast a sine wave with the RNN of assignment.py.")
    parser.add_argument("--truncate", type=int, default=25, metavar="K", help="values in a piece (default: 25)")
    parser.add_argument("--epochs", type=int, default=100, help="how often to go through the waves (default: 100)")
    parser.add_argument("--out", type=Path, default=Path("sine.png"), help="where to draw (default: sine.png)")
    parser.add_argument("--no-plot", action="store_true", help="do not draw")
    parser.add_argument("--seed", type=int, default=0, help="what every random choice comes from (default: 0)")
    options = parser.parse_args()
    if options.truncate < 1 or options.epochs < 1:
        parser.error("--truncate and --epochs: expected at least 1.")
    if not options.no_plot:
        check_can_draw(options.out)

    np.random.seed(options.seed)
    starts = np.random.uniform(0, PERIOD, (WAVES, 1))
    waves = np.sin(2 * np.pi * (starts + np.arange(LENGTH)) / PERIOD)[:, :, None]  # (N, L, 1)
    model = Forecaster()
    train(model, waves, options.truncate, options.epochs)

    truth = np.sin(2 * np.pi * np.arange(SHOWN + FORECAST) / PERIOD)
    continued = forecast(model, truth[:SHOWN], FORECAST)
    error = float(np.sqrt(np.mean((continued - truth[SHOWN:]) ** 2)))
    print(f"root mean square error {error:.3f} over {FORECAST} steps ({FORECAST / PERIOD:g} waves) of forecast")
    if not options.no_plot:
        draw(options.out, truth, continued)
        print(f"plot: {options.out.resolve()}")


if __name__ == "__main__":
    main()
