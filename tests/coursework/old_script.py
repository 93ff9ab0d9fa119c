"""A script as earlier coursework was written; it has to run, and to type-check, unchanged."""

# ruff: noqa: NPY002  # the library draws from the global generator of NumPy, and so does coursework

import numpy as np

import numpytorch as npt
from numpytorch import Tensor, nn, optim, reshape, tensor


class Classifier(nn.Module):
    def __init__(self) -> None:
        self.layers = nn.Sequential(
            nn.Linear(784, 256),
            nn.ReLU(),
            nn.Linear(256, 10, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = reshape(x, (x.shape[0], -1))
        return self.layers(x)


def main() -> list[float]:
    """Fit random digits by heart; return the loss at each step and the share that is right in the end."""
    np.random.seed(0)
    images = npt.rand(20, 1, 28, 28)
    labels = np.random.randint(0, 10, 20).astype(np.uint8)

    model = Classifier()
    optimizer = optim.SGD(model.parameters(), 0.05)
    criterion = nn.CrossEntropyLoss()
    history: list[float] = []
    for _ in range(60):
        optimizer.zero_grad()
        logits = model(images)
        loss = criterion(logits, tensor(labels))
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    pred = model(images).arr.argmax(-1)
    return [*history, float((pred == labels).mean())]


if __name__ == "__main__":
    print(main())
