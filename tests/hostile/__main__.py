"""python -m tests.hostile [--tier TIER] [PATTERN...]: grade hostile hand-ins on a tier; print the table."""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time

from autograder.sandbox import available_tiers
from tests.hostile.effects import surroundings
from tests.hostile.suite import FORMS, TIERS, attacks, faults
from tests.hostile.table import table


def main() -> int:
    """Grade those whose names match; return 0 if all came out as declared, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"], metavar="PATTERN", help="names of attacks: 'channel/*'")
    parser.add_argument("--tier", choices=TIERS, default=available_tiers()[0].name)
    arguments = parser.parse_args()
    chosen = [a for a in attacks() if any(fnmatch.fnmatchcase(a.name, p) for p in arguments.patterns)]
    count = 0
    with surroundings() as around:
        for attack in chosen:
            for form in FORMS:
                start = time.perf_counter()
                wrong = faults(attack, form, arguments.tier, around)
                count += bool(wrong)
                print(f"{'WRONG' if wrong else 'held '} {attack.name} {form} {time.perf_counter() - start:.1f} s")
                for line in wrong:
                    print(f"      {line}", flush=True)
    print(f"\n{table()}\n{len(chosen)} attacks in {len(FORMS)} forms on {arguments.tier}: {count} not held.")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
