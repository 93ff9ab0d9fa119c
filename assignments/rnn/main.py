"""Train the model of assignment.py on MNIST and report F1, as the grader does.

python main.py                  the digits that come with the course
python main.py --data FOLDER    the full set, or another in the same format
python main.py --truncate 7     with your RNN, but gradients that go back at most 7 rows (see README.md)
"""

import argparse

import numpy as np
from sklearn.metrics import f1_score
from tqdm import tqdm

import numpytorch as npt
from numpytorch import Tensor, nn, optim, tensor
from numpytorch.data import DataLoader, ImageDataset, mnist

from assignment import BATCH_SIZE, ITERATIONS, LEARNING_RATE, RNN, MNISTClassificationModel

ROWS, COLUMNS, HIDDEN = 28, 28, 128


class TruncatedModel(nn.Module):
    """Classify an image by the state after its last row, and learn from its last `steps` rows.

    The image is read in pieces of `steps` rows. The state goes on from piece to piece, so that the model has seen
    every row. Its gradient does not: detach() gives the values of the state without its past.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.rnn = RNN(COLUMNS, HIDDEN)
        self.classifier = nn.Linear(HIDDEN, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, 1, 28, 28) to logits (N, 10)."""
        rows = x.reshape(len(x), ROWS, COLUMNS)
        state = npt.zeros(len(x), HIDDEN, dtype=x.dtype)
        # Where `steps` does not divide 28, it is the first piece that is shorter.
        stops = range(ROWS % self.steps or self.steps, ROWS + 1, self.steps)
        for stop in stops:
            piece = rows[:, max(0, stop - self.steps) : stop]
            _, state = self.rnn(piece, state.detach())
        return self.classifier(state)


def evaluate(model: nn.Module, digits: ImageDataset) -> tuple[float, float]:
    """Return macro and micro F1 of the model's predictions."""
    model.eval()
    predicted: list[int] = []
    with npt.no_grad():
        for x, _ in DataLoader(digits, batch_size=100):
            predicted += model(tensor(x)).arr.argmax(axis=1).tolist()
    model.train()
    macro = float(f1_score(digits.y, predicted, average="macro"))
    micro = float(f1_score(digits.y, predicted, average="micro"))
    return macro, micro


def main() -> None:
    """Train, showing the loss, then print F1 on digits that training has not seen."""
    parser = argparse.ArgumentParser(description="Train the model of assignment.py on MNIST.")
    parser.add_argument("--data", help="a folder with the MNIST files (default: the subset that ships)")
    parser.add_argument("--seed", type=int, default=0, help="what every random choice comes from (default: 0)")
    parser.add_argument(
        "--truncate",
        type=int,
        choices=range(1, ROWS + 1),
        metavar="K",
        help="train RNN and nn.Linear with gradients that go back at most K of the 28 rows",
    )
    options = parser.parse_args()

    np.random.seed(options.seed)
    npt.set_default_dtype(np.float32)  # twice as fast as float64, and precise enough to train with
    training, held_out = mnist(options.data)

    model = MNISTClassificationModel() if options.truncate is None else TruncatedModel(options.truncate)
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=LEARNING_RATE)
    batches = DataLoader(training, batch_size=BATCH_SIZE, shuffle=True, seed=options.seed, drop_last=True)

    with tqdm(total=ITERATIONS) as bar:
        while bar.n < ITERATIONS:
            for x, y in batches:
                optimizer.zero_grad()
                loss = criterion(model(tensor(x)), tensor(y))
                loss.backward()
                optimizer.step()
                bar.set_postfix(loss=f"{loss.item():.4f}")
                bar.update()
                if bar.n == ITERATIONS:
                    break

    macro, micro = evaluate(model, held_out)
    print(f"macro F1 {macro:.4f}, micro F1 {micro:.4f} on {len(held_out)} held-out digits")


if __name__ == "__main__":
    main()
