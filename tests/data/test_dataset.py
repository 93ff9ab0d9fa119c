"""ImageDataset: what it gives a model, and what it refuses."""

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from numpytorch.data import ArrayDataset, DataError, Dataset, ImageDataset

from .digits import images, labels

DIGITS = ImageDataset(images(13), labels(13))


def test_x_is_float32_from_0_to_1_with_a_channel_axis() -> None:
    pixels = np.zeros((2, 28, 28), np.uint8)
    pixels[1, 2, 3], pixels[1, 4, 5] = 255, 51
    x = ImageDataset(pixels, labels(2)).x
    assert x.dtype == np.float32
    assert x.shape == (2, 1, 28, 28)
    assert x[1, 0, 2, 3] == 1
    assert x[1, 0, 4, 5] == np.float32(0.2)
    assert np.count_nonzero(x) == 2


def test_y_is_int64_and_keeps_the_order() -> None:
    assert DIGITS.y.dtype == np.int64
    assert DIGITS.y.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]


def test_length_is_the_number_of_images() -> None:
    assert len(DIGITS) == 13


def test_one_index_gives_one_image_and_its_label() -> None:
    x, y = DIGITS[-2]
    assert x.dtype == np.float32
    assert y.dtype == np.int64
    np.testing.assert_array_equal(x, DIGITS.x[11], strict=True)
    assert y == 1


@pytest.mark.parametrize(
    "rows", [slice(3, 7), np.array([5, 0, 12]), np.arange(13) % 2 == 0], ids=["slice", "rows", "mask"]
)
def test_several_rows_are_those_rows_of_x_and_y(rows: Any) -> None:
    x, y = DIGITS[rows]
    np.testing.assert_array_equal(x, DIGITS.x[rows], strict=True)
    np.testing.assert_array_equal(y, DIGITS.y[rows], strict=True)


def test_a_row_past_the_end_is_an_index_error() -> None:
    with pytest.raises(IndexError, match="13 is out of bounds"):
        DIGITS[13]


def test_changing_x_does_not_change_the_dataset() -> None:
    DIGITS.x[:] = 0
    DIGITS.y[:] = 0
    assert DIGITS.x.any()
    assert DIGITS.y.any()


def test_a_dataset_cannot_be_given_other_images() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DIGITS.images = images(2)  # type: ignore[misc]  # it is frozen: that is the test


def test_a_dataset_can_be_sent_to_another_process() -> None:
    again = pickle.loads(pickle.dumps(DIGITS))
    np.testing.assert_array_equal(again.images, DIGITS.images)


def test_its_text_says_how_many_images_it_holds() -> None:
    assert repr(DIGITS) == "ImageDataset(13 images of 28x28)"


def test_both_kinds_are_datasets() -> None:
    assert isinstance(DIGITS, Dataset)
    assert isinstance(ArrayDataset(DIGITS.x, DIGITS.y), Dataset)


BAD = labels(4)
BAD[2] = 10
WRONG = {
    "pixels scaled before": (
        images(4) / 255,
        labels(4),
        "expected uint8 images of shape (N, 28, 28), got float64",
    ),
    "another size": (
        images(4)[:, 1:],
        labels(4),
        "expected uint8 images of shape (N, 28, 28), got uint8 of shape (4, 27, 28)",
    ),
    "no first axis": (images(1)[0], labels(1), "got uint8 of shape (28, 28)"),
    "labels of another dtype": (
        images(4),
        labels(4).astype(np.int64),
        "expected uint8 labels of shape (N,), got int64",
    ),
    "labels in two axes": (
        images(4),
        np.eye(4, 10, dtype=np.uint8),
        "expected uint8 labels of shape (N,), got uint8 of shape (4, 10)",
    ),
    "different counts": (images(4), labels(3), "expected one label an image, got 4 images and 3 labels"),
    "no such digit": (images(4), BAD, "expected labels 0 to 9, got 10 at row 2"),
}


@pytest.mark.parametrize(("pixels", "classes", "message"), WRONG.values(), ids=WRONG)
def test_arrays_that_do_not_fit_are_refused(pixels: NDArray[Any], classes: NDArray[Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        ImageDataset(pixels, classes)
    assert message in str(caught.value)
