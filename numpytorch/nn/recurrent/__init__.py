"""Recurrent layers: they read sequences (N, T, D) step by step, and remember.

    sequence.py   what the layers share: parameters, checks, and how a rule calls the kernels
    rnn.py        RNN: one tanh
    lstm.py       LSTM: a memory behind gates
    gru.py        GRU: gates without a memory of its own

A whole sequence is one node of the graph, and one call each way of the kernels (`numpytorch.kernels`), of which the
layer chooses a backend. There, the products with x are one large product for all steps; what is left for each step is
one small product with the state before, and arithmetic in place.
"""

from numpytorch.nn.recurrent.gru import GRU as GRU
from numpytorch.nn.recurrent.lstm import LSTM as LSTM
from numpytorch.nn.recurrent.rnn import RNN as RNN
