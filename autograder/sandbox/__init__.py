"""The sandbox: run a hand-in in a process of its own, and ask it for values.

The trusted side is `Session`, with its limits, tiers and errors; the untrusted side is the folder `worker`.
"""

from autograder.sandbox.errors import DeadSessionError as DeadSessionError
from autograder.sandbox.errors import Frame as Frame
from autograder.sandbox.errors import LaunchError as LaunchError
from autograder.sandbox.errors import ProtocolError as ProtocolError
from autograder.sandbox.errors import SandboxError as SandboxError
from autograder.sandbox.errors import StudentError as StudentError
from autograder.sandbox.errors import WorkerCrashed as WorkerCrashed
from autograder.sandbox.errors import WorkerMemory as WorkerMemory
from autograder.sandbox.errors import WorkerTimeout as WorkerTimeout
from autograder.sandbox.limits import Limits as Limits
from autograder.sandbox.messages import Array as Array
from autograder.sandbox.messages import Scalar as Scalar
from autograder.sandbox.messages import TensorInfo as TensorInfo
from autograder.sandbox.session import Session as Session
from autograder.sandbox.tiers import TIERS as TIERS
from autograder.sandbox.tiers import LimitsTier as LimitsTier
from autograder.sandbox.tiers import ProcessTier as ProcessTier
from autograder.sandbox.tiers import Tier as Tier
from autograder.sandbox.tiers import available_tiers as available_tiers
from autograder.sandbox.tiers import strongest_tier as strongest_tier
from autograder.sandbox.tiers import tier_named as tier_named
from autograder.sandbox.tiers import weaker as weaker
from autograder.sandbox.tiers import why_not as why_not
from autograder.sandbox.values import Built as Built
from autograder.sandbox.values import Cut as Cut
from autograder.sandbox.values import Gradients as Gradients
from autograder.sandbox.values import LineShare as LineShare
from autograder.sandbox.values import Output as Output
from autograder.sandbox.values import Place as Place
from autograder.sandbox.values import Profile as Profile
from autograder.sandbox.values import Returned as Returned
from autograder.sandbox.values import Usage as Usage
