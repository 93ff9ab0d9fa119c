"""Write a file into a folder of the grader's."""

OUTSIDE, CANARY = "a folder of the grader's", "a name"


def attack() -> None:
    with open(f"{OUTSIDE}/{CANARY}", "w") as file:
        file.write("I was here.")
