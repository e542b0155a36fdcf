"""Timing in turn, so that a machine whose speed drifts slows all sides alike."""

import statistics
import time
from collections.abc import Callable


def in_turn(sides: dict[str, Callable[[], object]], *, rounds: int, warm: int = 3) -> dict[str, list[float]]:
    """Milliseconds of each side, one call of each a round, after `warm` rounds that do not count."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + warm):
        for name, side in sides.items():
            began = time.perf_counter()
            side()
            if number >= warm:
                times[name].append((time.perf_counter() - began) * 1000)
    return times


def table(title: str, times: dict[str, list[float]], *, against: str) -> None:
    """Print median, smallest and largest of each side, and how many times `against` it takes."""
    base = statistics.median(times[against])
    print(title)
    print(f"  {'':44} {'median':>9} {'min':>9} {'max':>9}   × {against}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"  {name:44} {median:7.2f}ms {min(values):7.2f}ms {max(values):7.2f}ms {median / base:9.2f}")
    print()
