"""Module: what it registers, names, saves and switches."""

import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest

import numpytorch as npt
from numpytorch import ShapeError, Tensor, nn
from numpytorch.nn.module import find_tensors


class Affine(nn.Module):
    """A module as students write it: no super().__init__()."""

    def __init__(self, n: int) -> None:
        self.scale = nn.Parameter(npt.ones(n))
        self.shift = nn.Parameter(npt.zeros(n))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = Affine(2)
        self.gain = nn.Parameter(npt.ones(3))
        self.body = nn.Sequential(Affine(5), nn.Dropout(0.5), Affine(7))


class Cyclic(nn.Module):
    def __init__(self) -> None:
        self.w = nn.Parameter.new(2)
        self.child = nn.Module()
        self.child.parent = self  # type: ignore[attr-defined]  # modules take any attribute
        self.child.v = nn.Parameter.new(3)  # type: ignore[attr-defined]  # modules take any attribute


def test_a_module_works_without_calling_super_init() -> None:
    module = Affine(3)
    assert [name for name, _ in module.named_parameters()] == ["scale", "shift"]
    assert module.training
    np.testing.assert_array_equal(module(Tensor([1.0, 2, 3])).arr, [1, 2, 3])


def test_calling_a_module_passes_every_argument_to_forward() -> None:
    class Sum(nn.Module):
        def forward(self, a: Tensor, b: Tensor, *, c: float = 0.0) -> Tensor:
            return a + b * c

    assert Sum()(Tensor(1.0), Tensor(2.0), c=3.0).item() == 7


def test_a_module_without_forward_says_so() -> None:
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty\.forward: expected a method that computes the output"):
        Empty()(npt.ones(2))


def test_parameters_are_those_of_a_module_in_order_then_those_of_the_modules_in_it() -> None:
    net = Net()
    expected = [
        net.gain, net.last.scale, net.last.shift,
        *(t for _, t in find_tensors(net.body)),
    ]  # fmt: skip
    assert [id(p) for p in net.parameters()] == [id(p) for p in expected]


def test_the_paths_of_parameters_join_the_names_of_attributes() -> None:
    assert [name for name, _ in Net().named_parameters()] == [
        "gain", "last.scale", "last.shift", "body.0.scale", "body.0.shift", "body.2.scale", "body.2.shift",
    ]  # fmt: skip


def test_a_shared_parameter_and_a_shared_module_are_listed_once() -> None:
    net = Net()
    net.tied = net.gain  # type: ignore[attr-defined]  # modules take any attribute
    net.body.again = net.last  # type: ignore[attr-defined]  # modules take any attribute
    assert len(net.parameters()) == 7
    assert [m for m in net.modules() if m is net.last] == [net.last]


def test_a_gradient_reaches_a_shared_module_from_all_its_places() -> None:
    once = Affine(2)
    net = nn.Sequential(once, once)
    net(Tensor([1.0, 2.0])).sum().backward()
    np.testing.assert_array_equal(once.scale.grad, [2.0, 4.0])  # the derivative of scale^2 x
    np.testing.assert_array_equal(once.shift.grad, [2.0, 2.0])


def test_what_is_no_parameter_is_not_listed() -> None:
    module = Affine(2)
    module.mask = npt.ones(2)  # type: ignore[attr-defined]  # modules take any attribute
    module.learned = Tensor([1.0], requires_grad=True)  # type: ignore[attr-defined]  # modules take any attribute
    module.hidden = [nn.Parameter.new(2)]  # type: ignore[attr-defined]  # modules take any attribute
    assert len(module.parameters()) == 2


def test_a_parameter_assigned_anew_replaces_the_old_one() -> None:
    module = Affine(2)
    new = module.scale = nn.Parameter.new(2)
    assert [id(p) for p in module.parameters()] == [id(new), id(module.shift)]


def test_modules_that_hold_each_other_are_listed_once_and_shown() -> None:
    module = Cyclic()
    assert [name for name, _ in module.named_parameters()] == ["w", "child.v"]
    assert module.modules() == [module, module.child]
    assert module.eval() is module
    assert not module.child.training
    assert repr(module) == "Cyclic(\n  (child): Module(\n    (parent): ...\n  )\n)"
    assert sorted(module.state_dict()) == ["child.v", "w"]


def test_modules_lists_outer_ones_first_and_children_only_the_next_level() -> None:
    net = Net()
    first, drop, last = net.body
    assert net.children() == [net.last, net.body]
    assert net.modules() == [net, net.last, net.body, first, drop, last]


def test_train_and_eval_switch_every_module_within_and_return_self() -> None:
    net = Net()
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    x = npt.ones(4)
    assert net.body[1](x) is x  # Dropout does nothing
    assert net.train() is net
    assert all(m.training for m in net.modules())
    assert net.train(mode=False).training is False


def test_eval_of_one_module_leaves_others_in_training() -> None:
    other = nn.Dropout()
    nn.Dropout().eval()
    assert other.training
    assert nn.Module.training


def test_zero_grad_sets_every_gradient_to_none() -> None:
    net = Net()
    for p in net.parameters():
        p.grad = np.ones(p.shape)
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_state_dict_holds_copies() -> None:
    module = Affine(2)
    state = module.state_dict()
    state["scale"][0] = 7
    np.testing.assert_array_equal(module.scale.arr, [1, 1])
    module.shift.arr[0] = 9
    np.testing.assert_array_equal(state["shift"], [0, 0])


def test_state_goes_to_a_file_and_back() -> None:
    one, other = nn.Linear(5, 3), nn.Linear(5, 3)
    file = io.BytesIO()
    np.savez(file, **one.state_dict())  # type: ignore[arg-type]  # NumPy's stub takes allow_pickle for a name
    file.seek(0)
    w = other.w
    other.load_state_dict(np.load(file))
    assert other.w is w
    assert other.w.requires_grad
    np.testing.assert_array_equal(other.w.arr, one.w.arr)


def test_a_loaded_state_is_copied_and_takes_the_dtype_of_the_parameters() -> None:
    module = Affine(2)
    module.load_state_dict(state := {"scale": np.array([3.0, 4.0]), "shift": np.zeros(2)})
    state["scale"][0] = 9
    np.testing.assert_array_equal(module.scale.arr, [3, 4])
    module.load_state_dict({"scale": np.array([3, 4]), "shift": np.array([1, 2], np.float32)})
    np.testing.assert_array_equal(module.scale.arr, np.array([3.0, 4.0]), strict=True)
    assert module.shift.dtype == np.float64


def test_a_state_with_wrong_names_is_refused_and_nothing_is_changed() -> None:
    module = Affine(2)
    with pytest.raises(KeyError, match=r"expected the parameters .*got none for \['shift'\].*not expect \['bias'\]"):
        module.load_state_dict({"scale": np.full(2, 9.0), "bias": np.zeros(2)})
    np.testing.assert_array_equal(module.scale.arr, [1, 1])


def test_a_state_with_a_wrong_shape_is_refused_and_nothing_is_changed() -> None:
    module = Affine(2)
    with pytest.raises(ShapeError, match=r"expected shift of shape \(2,\), got \(1,\)"):
        module.load_state_dict({"scale": np.full(2, 9.0), "shift": np.zeros(1)})
    np.testing.assert_array_equal(module.scale.arr, [1, 1])


def test_a_backward_after_loading_a_state_says_that_values_are_gone() -> None:
    module = Affine(2)
    x = Tensor([1.0, 2.0], requires_grad=True)
    loss = module(x).sum()
    module.load_state_dict(module.state_dict())
    with pytest.raises(npt.GraphError, match="overwritten"):
        loss.backward()


def test_repr_shows_modules_within_and_the_shapes_of_parameters() -> None:
    model = nn.Sequential(nn.Linear(5, 3), nn.Sequential(nn.Dropout(0.2), nn.ReLU()), Affine(2))
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Linear(w=(5, 3), b=(3,))\n"
        "  (1): Sequential(\n"
        "    (0): Dropout(p=0.2)\n"
        "    (1): ReLU()\n"
        "  )\n"
        "  (2): Affine(scale=(2,), shift=(2,))\n"
        ")"
    )


@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copied_module_shares_nothing_with_the_original(how: Any) -> None:
    one = nn.Sequential(nn.Linear(5, 3), nn.ReLU())
    two = how(one)
    assert [name for name, _ in two.named_parameters()] == ["0.w", "0.b"]
    before = one.state_dict()
    two(npt.ones(2, 5)).sum().backward()
    for p in two.parameters():
        p.arr = p.arr + 1
    assert all(p.grad is None for p in one.parameters())
    for name, values in one.state_dict().items():
        np.testing.assert_array_equal(values, before[name])


class Unregistered(nn.Module):
    """Every place in which students have lost parameters."""

    def __init__(self) -> None:
        self.good = nn.Parameter.new(2)
        self.inner = Affine(2)
        self.inner.w = Tensor([1.0], requires_grad=True)  # type: ignore[attr-defined]  # modules take any attribute
        self.plain = npt.zeros(2)
        self.params = {"weight": nn.Parameter.new(2), 3: npt.ones(1), "deep": [nn.Parameter.new(1)]}
        self.layers = [nn.Linear(1, 1), nn.ReLU()]
        self.pair = (nn.Parameter.new(1), "a name", None, 3)
        self.known = [self.good]


def test_unregistered_names_plain_tensors_and_what_sits_in_lists_tuples_and_dicts() -> None:
    assert nn.unregistered(Unregistered()) == [
        "inner.w", "plain", "params['weight']", "params[3]", "params['deep'][0]",
        "layers[0].w", "layers[0].b", "pair[0]",
    ]  # fmt: skip


def test_unregistered_is_empty_where_all_is_well() -> None:
    assert nn.unregistered(Net()) == []
    assert nn.unregistered(Cyclic()) == []
    assert nn.unregistered(nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Embedding(3, 2))) == []


def test_find_tensors_gives_every_tensor_once_with_its_path() -> None:
    module = Unregistered()
    found = find_tensors(module)
    assert [path for path, _ in found] == ["good", "inner.scale", "inner.shift", *nn.unregistered(module)]
    assert len({id(t) for _, t in found}) == len(found)
    assert dict(found)["params['deep'][0]"] is module.params["deep"][0]  # type: ignore[index]  # a list, here


def test_find_tensors_ends_in_containers_that_hold_themselves() -> None:
    module = nn.Module()
    loop: list[Any] = [nn.Parameter.new(1)]
    loop.append(loop)
    module.loop = {"l": loop}  # type: ignore[attr-defined]  # modules take any attribute
    assert [path for path, _ in find_tensors(module)] == ["loop['l'][0]"]
