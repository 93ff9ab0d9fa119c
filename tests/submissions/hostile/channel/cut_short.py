"""Send half an array, and end."""

import os


def attack() -> None:
    header = (
        b'{"number":%d,"body":{"is":"called","returned":"Tensor","items":[{"type":"Tensor","is_tensor":true,"dtype":"float64","requires_grad":true,"present":true}]},"arrays":[["float64",[2,4,5,3]]]}'
        % number()
    )
    for end in pipes(os.O_WRONLY):
        os.write(end, frame(header, bytes(8 * 60)))
    os._exit(0)
