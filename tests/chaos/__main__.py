"""`./run chaos`: a system under load whose workers are ended at random moments.

Prints what was done and how long jobs took to move on; exit code 1 when a promise
was broken.  The same seed strikes in the same order.
"""

import argparse
import random
import signal
import sys
import tempfile
import threading
from pathlib import Path

from local.stack import running
from tests.chaos.client import Client
from tests.chaos.history import violations
from tests.chaos.monkey import NAMES, Monkey, moved_on_after
from tests.waiting import until

STEPS = 4
BOUND = 10.0


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="kill -9, so often")
    parser.add_argument("--terms", type=int, default=20, help="SIGTERM, so often")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=30, help="jobs at once")
    return parser.parse_args()


class Load(threading.Thread):
    """Keeps so many jobs in flight until it is told to stop."""

    def __init__(self, client: Client, in_flight: int, dice: random.Random) -> None:
        super().__init__(daemon=True)
        self.jobs: list[str] = []
        self.stopping = threading.Event()
        self._client = client
        self._in_flight = in_flight
        self._dice = dice

    def run(self) -> None:
        """Submit as jobs end."""
        while not self.stopping.wait(0.2):
            rows = self._client.rows(
                "SELECT count(*) AS open FROM jobs WHERE kind = 'probe'"
                " AND finished_at IS NULL"
            )
            for _ in range(self._in_flight - rows[0].open):
                seconds = self._dice.uniform(0, 0.5)
                self.jobs.append(self._client.submit(steps=STEPS, seconds=seconds))


def main() -> int:
    """Run the load and the monkey; say what came of it."""
    options = parse()
    dice = random.Random(options.seed)
    with (
        tempfile.TemporaryDirectory(prefix="chaos") as data,
        running(Path(data), workers=1) as stack,
        Client(stack) as client,
        Client(stack) as submitting,
    ):
        monkey = Monkey(stack, client, dice)
        monkey.hire(options.workers)
        load = Load(submitting, options.in_flight, random.Random(options.seed))
        load.start()
        counts = {signal.SIGKILL: options.kills, signal.SIGTERM: options.terms}
        monkey.rampage(counts, pause=(0.5, 3.5))
        load.stopping.set()
        load.join()
        until(lambda: client.are_completed(load.jobs), 120)
        return report(client, monkey, load.jobs)


def report(client: Client, monkey: Monkey, jobs: list[str]) -> int:
    """Print the counts and the bounds; gives the exit code."""
    faults = violations(client, jobs, steps=STEPS)
    longest = 0.0
    for number, name in NAMES.items():
        waits = sorted(
            wait
            for blow in monkey.blows
            if blow.number == number
            for wait in moved_on_after(client, blow)
        )
        blows = sum(blow.number == number for blow in monkey.blows)
        print(f"{name}: {blows} times, {len(waits)} attempts cut off", end="")
        if waits:
            median = waits[len(waits) // 2]
            print(
                f", moved on after p50 {median:.2f} s, p100 {waits[-1]:.2f} s", end=""
            )
            longest = max(longest, waits[-1])
        print()
    print(f"{len(jobs)} jobs, {len(faults)} broken promises")
    for fault in faults:
        print(f"  {fault}")
    return 0 if not faults and longest <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
