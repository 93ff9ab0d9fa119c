"""Watch lines with sys.monitoring where there is one, else with an audit hook, and slow each event down."""

import sys
import time


def attack() -> None:
    if hasattr(sys, "monitoring"):
        sys.monitoring.use_tool_id(2, "hunt")
        sys.monitoring.register_callback(2, sys.monitoring.events.LINE, lambda *_: time.sleep(0.0005))
        sys.monitoring.set_events(2, sys.monitoring.events.LINE)
    else:
        sys.addaudithook(lambda *_: time.sleep(0.0005))
