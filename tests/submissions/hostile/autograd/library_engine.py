"""Use the library's own backward pass in place of the one that is asked for, without its name in the source."""

import numpytorch


def attack() -> None:
    import sys

    hand_in = sys.modules["assignment"]
    engine = vars(sys.modules["numpytorch.autograd." + "eng" + "ine"])["propa" + "gate"]
    hand_in.propagate = engine
    hand_in.unbroadcast = getattr(numpytorch.functions, "unbroadcast", hand_in.unbroadcast)
