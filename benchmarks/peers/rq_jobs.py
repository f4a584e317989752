"""The jobs that RQ runs."""

import time


def say_when() -> float:
    """Do nothing; give the Unix time of the start."""
    return time.time()


def wait(seconds: float) -> None:
    """Wait as for a provider."""
    time.sleep(seconds)
