"""What holds for all tests. Hypothesis profiles: quick by default; HYPOTHESIS_PROFILE=deep looks harder."""

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile("deep", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

collect_ignore = ["submissions"]
"""Hand-ins, whatever their names. pytest would put the folder of one that is called test_... before NumPy's."""
