"""Layers and losses: modules that hold parameters and map Tensors to Tensors."""

from numpytorch.functions import relu as relu
from numpytorch.nn.activation import ReLU as ReLU
from numpytorch.nn.activation import Sigmoid as Sigmoid
from numpytorch.nn.activation import Tanh as Tanh
from numpytorch.nn.container import ModuleList as ModuleList
from numpytorch.nn.container import Sequential as Sequential
from numpytorch.nn.conv import Conv2d as Conv2d  # withheld
from numpytorch.nn.dropout import Dropout as Dropout
from numpytorch.nn.embedding import Embedding as Embedding
from numpytorch.nn.flatten import Flatten as Flatten
from numpytorch.nn.linear import Linear as Linear
from numpytorch.nn.loss import CrossEntropyLoss as CrossEntropyLoss
from numpytorch.nn.loss import MSELoss as MSELoss
from numpytorch.nn.module import Module as Module
from numpytorch.nn.module import unregistered as unregistered
from numpytorch.nn.norm import LayerNorm as LayerNorm
from numpytorch.nn.parameter import Parameter as Parameter
from numpytorch.nn.pool import AvgPool2d as AvgPool2d  # withheld
from numpytorch.nn.pool import MaxPool2d as MaxPool2d  # withheld
from numpytorch.nn.recurrent import GRU as GRU  # withheld
from numpytorch.nn.recurrent import LSTM as LSTM  # withheld
from numpytorch.nn.recurrent import RNN as RNN  # withheld
