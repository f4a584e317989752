"""What was measured, and the table it is shown in."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

OURS = "Nightwork"


@dataclass(frozen=True)
class Figure:
    """What one system reached: medians over the rounds, and each round's values."""

    system: str
    values: tuple[float, ...]
    rounds: tuple[tuple[float, ...], ...] = ()
    note: str = ""

    @classmethod
    def of(
        cls, system: str, rounds: Sequence[tuple[float, ...]], note: str = ""
    ) -> "Figure":
        """Take the median of each value over the rounds."""
        values = tuple(median(column) for column in zip(*rounds, strict=True))
        return cls(system, values, tuple(rounds), note)


@dataclass(frozen=True)
class Bound:
    """What has to be reached: at least or at most `value`, or `times` a system's."""

    words: str
    value: float
    at_least: bool = True
    times: str | None = None
    place: int = 0

    def is_met(self, row: "Row") -> bool | None:
        """Judge a row; None: the system to compare with was not measured."""
        reached = row.ours.values[self.place]
        bound = self.value
        if self.times is not None:
            peer = row.figure(self.times)
            if peer is None:
                return None
            bound *= peer.values[self.place]
        return reached >= bound if self.at_least else reached <= bound


@dataclass(frozen=True)
class Row:
    """One measure: every system's figure, its unit, and what has to be reached."""

    name: str
    title: str
    unit: str
    figures: tuple[Figure, ...]
    bounds: tuple[Bound, ...]
    digits: int = 0
    more_is_better: bool = True
    stated: str = ""

    @property
    def ours(self) -> Figure:
        """Nightwork's figure; raises LookupError when it was not measured."""
        found = self.figure(OURS)
        if found is None:
            raise LookupError(OURS)
        return found

    def figure(self, system: str) -> Figure | None:
        """Find a system's figure."""
        return next((one for one in self.figures if one.system == system), None)

    @property
    def is_missed(self) -> bool:
        """Whether a bound is not met."""
        return any(bound.is_met(self) is False for bound in self.bounds)

    @property
    def verdict(self) -> str:
        """Say whether all bounds are met, as far as they could be judged."""
        if self.is_missed:
            return "**no**"
        judged = all(bound.is_met(self) is not None for bound in self.bounds)
        return "yes" if judged else "not judged"

    def ratio(self, peer: Figure) -> float:
        """Tell how many times better our first value is than the peer's."""
        ours, theirs = self.ours.values[0], peer.values[0]
        better, worse = (ours, theirs) if self.more_is_better else (theirs, ours)
        return better / worse if worse else float("inf")

    def markdown(self) -> str:
        """Write the row of the table."""
        peers = "; ".join(
            [
                *(
                    f"{one.system} {self._shown(one)} (× {self.ratio(one):.1f})"
                    for one in self.figures
                    if one.system != OURS
                ),
                *([self.stated] if self.stated else []),
            ]
        )
        reach = ", ".join(bound.words for bound in self.bounds)
        measure = f"{self.title}, {self.unit}"
        ours = f"**{self._shown(self.ours)}**"
        return f"| {measure} | {ours} | {peers or '–'} | {reach} | {self.verdict} |"

    def _shown(self, figure: Figure) -> str:
        values = " / ".join(f"{value:,.{self.digits}f}" for value in figure.values)
        return f"{values} ({figure.note})" if figure.note else values


HEADER = """\
| measure | Nightwork | peers (×: how much better ours is) | reach | reached |
|---|---|---|---|---|"""


def table(rows: Sequence[Row]) -> str:
    """Write the whole table as Markdown."""
    return "\n".join([HEADER, *(row.markdown() for row in rows)])
