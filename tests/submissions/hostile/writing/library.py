"""Write into the library that other hand-ins will import."""

import os

import numpytorch

CANARY = "a name"


def attack() -> None:
    with open(os.path.join(os.path.dirname(numpytorch.__file__), f"{CANARY}.py"), "w") as file:
        file.write("# I was here.")
