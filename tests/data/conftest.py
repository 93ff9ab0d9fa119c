"""No test of this folder reads data, or takes a way to the network, that it did not set up itself."""

import pytest


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMPYTORCH_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
