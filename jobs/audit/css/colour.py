"""Colours: reading them, laying one over another, and how far apart they are."""

from functools import lru_cache
from typing import NamedTuple

from coloraide import Color

_LONGEST = 100


class Colour(NamedTuple):
    """Red, green, blue and opacity, each from 0 to 1, in sRGB."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, below: "Colour") -> "Colour":
        """Blend this colour onto an opaque one."""
        share = self.alpha

        def mix(front: float, back: float) -> float:
            return front * share + back * (1 - share)

        return Colour(
            mix(self.red, below.red),
            mix(self.green, below.green),
            mix(self.blue, below.blue),
        )

    @property
    def hex(self) -> str:
        """Write the opaque part as `#rrggbb`."""
        return "#" + "".join(f"{round(part * 255):02x}" for part in self[:3])


WHITE = Colour(1, 1, 1)
BLACK = Colour(0, 0, 0)
CLEAR = Colour(0, 0, 0, 0)


@lru_cache(maxsize=4096)
def read_colour(text: str) -> Colour | None:
    """Read a CSS colour; None when it is none, or depends on the reader's system."""
    if not text or len(text) > _LONGEST:
        return None
    if text.lower() == "transparent":
        return CLEAR
    try:
        parsed = Color(text).convert("srgb").fit()
    except ValueError:
        return None
    red, green, blue = parsed.coords(nans=False)
    return Colour(red, green, blue, parsed.alpha(nans=False))


def luminance(colour: Colour) -> float:
    """Compute the relative luminance WCAG 2.1 defines."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
        for part in colour[:3]
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: Colour, second: Colour) -> float:
    """Compute the contrast ratio of two opaque colours, from 1 to 21."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@lru_cache(maxsize=16384)
def distance(first: str, second: str) -> float:
    """Tell how different two `#rrggbb` look: delta E 2000, 2 is hardly visible."""
    return Color(first).delta_e(Color(second), method="2000")


@lru_cache(maxsize=1024)
def readable(front: Colour, back: Colour, ratio: float) -> str | None:
    """Find the nearest lightness that reaches a ratio, as `#rrggbb`, or None."""
    darker = luminance(back) > 0.18  # noqa: PLR2004 - where black begins to beat white
    tone = Color(front.hex).convert("oklch")
    for _ in range(100):
        tone["lightness"] += -0.01 if darker else 0.01
        candidate = read_colour(tone.convert("srgb").fit().to_string(hex=True))
        if candidate is not None and contrast(candidate, back) >= ratio:
            return candidate.hex
    return None
