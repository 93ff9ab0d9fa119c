"""Train the model of assignment.py on MNIST and report F1, as the grader does.

python main.py                  the digits that come with the course
python main.py --data FOLDER    the full set, or another in the same format
"""

import argparse

import numpy as np
from sklearn.metrics import f1_score
from tqdm import tqdm

import numpytorch as npt
from numpytorch import nn, optim, tensor
from numpytorch.data import DataLoader, ImageDataset, mnist

from assignment import BATCH_SIZE, ITERATIONS, LEARNING_RATE, MNISTClassificationModel


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
    options = parser.parse_args()

    np.random.seed(options.seed)
    npt.set_default_dtype(np.float32)  # twice as fast as float64, and precise enough to train with
    training, held_out = mnist(options.data)

    model = MNISTClassificationModel()
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
