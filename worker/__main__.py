"""`python -m worker threads | isolated | keeper`."""

import argparse

from worker.keeper import run_keeper
from worker.process import run_worker


def main() -> None:
    """Run one part of the service until it is told to stop."""
    parser = argparse.ArgumentParser(prog="worker", description=__doc__)
    parser.add_argument("role", choices=("threads", "isolated", "keeper"))
    role = parser.parse_args().role
    if role == "keeper":
        run_keeper()
    else:
        run_worker(role)


if __name__ == "__main__":
    main()
