"""Answer later, from a thread, when something else has been asked."""

import os
import threading


def attack() -> None:
    header = (
        b'{"number":%d,"body":{"is":"called","returned":"Tensor","items":[{"type":"Tensor","is_tensor":true,"dtype":"float64","requires_grad":true,"present":true}]},"arrays":[["float64",[2,4,5,3]]]}'
        % (number() + 3)
    )
    ends = pipes(os.O_WRONLY)
    threading.Timer(0.05, lambda: [os.write(end, frame(header, bytes(8 * 120))) for end in ends]).start()
