"""Datasets and batches, as NumPy arrays: `train, held_out = mnist()`, `DataLoader(train, batch_size=64)`."""

from numpytorch.data.dataset import ArrayDataset as ArrayDataset
from numpytorch.data.dataset import Dataset as Dataset
from numpytorch.data.dataset import ImageDataset as ImageDataset
from numpytorch.data.idx import DataError as DataError
from numpytorch.data.idx import read_idx as read_idx
from numpytorch.data.idx import write_idx as write_idx
from numpytorch.data.loader import DataLoader as DataLoader
from numpytorch.data.mnist import mnist as mnist
