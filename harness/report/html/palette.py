"""Colours of both themes as CSS variables, chosen to be told apart with any colour vision and to read well."""

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "paper": "#fdfcfa",  # the page
    "card": "#ffffff",
    "quiet": "#f3f1ec",  # rows of sentinels, heads of tables
    "ink": "#1d1c1a",
    "muted": "#5f5c56",
    "rule": "#dcd8d0",
    "control": "#85817a",  # borders of controls: 3:1 against the page
    "accent": "#1a5c96",
    "series-1": "#0f62a8",  # calibrated
    "series-2": "#b5500b",  # held-out
    "series-3": "#6a675f",  # raw
    "series-4": "#7b3fa0",
    "floor": "#8c2f39",
    "human": "#1a7547",
    "warning": "#fdf3dc",
    "warning-ink": "#4d3503",
    "warning-edge": "#a76a00",
    "mark": "#ffefb0",
    "better": "#1a7547",
    "worse": "#b5500b",
}
DARK: Mapping[str, str] = {
    "paper": "#171715",
    "card": "#1f1f1c",
    "quiet": "#262622",
    "ink": "#edece7",
    "muted": "#aeaba3",
    "rule": "#3b3a35",
    "control": "#7d7a72",
    "accent": "#85bdf0",
    "series-1": "#74b6f3",
    "series-2": "#f19d62",
    "series-3": "#a8a59c",
    "series-4": "#cda6ea",
    "floor": "#f0939c",
    "human": "#66d09b",
    "warning": "#2f2613",
    "warning-ink": "#f6e4bb",
    "warning-edge": "#d99c2e",
    "mark": "#55491a",
    "better": "#66d09b",
    "worse": "#f19d62",
}
# From far below the value of guessing (orange) over it to far above (blue).
HEAT_LIGHT = ("#a8480c", "#d9853b", "#f2bb85", "#fae2ca", "#f3f1ec", "#d5e4f1", "#9fc6e5", "#5b98cc", "#1a5c96")
HEAT_DARK = ("#f3a76b", "#bd7136", "#7f4c24", "#4c3523", "#2b2b27", "#26405a", "#2f5f8a", "#4c90ca", "#93c8f7")
INKS = ("#ffffff", "#12110f")


def theme_css() -> str:
    """The variables: light for everybody and on paper, dark where the system or the reader asks for it."""
    light, dark = variables(LIGHT, HEAT_LIGHT), variables(DARK, HEAT_DARK)
    return (
        f":root{{color-scheme:light;{_declarations(light)}}}\n"
        f"@media screen and (prefers-color-scheme:dark)"
        f"{{:root:not([data-theme=light]){{color-scheme:dark;{_declarations(dark)}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{_declarations(dark)}}}}}\n"
    )


def variables(colours: Mapping[str, str], heat: tuple[str, ...]) -> dict[str, str]:
    """Name and colour of every variable of a theme; `heat-ink-N` is what reads best on `heat-N`."""
    steps = {f"heat-{i}": colour for i, colour in enumerate(heat)}
    inks = {f"heat-ink-{i}": max(INKS, key=lambda ink: contrast(ink, colour)) for i, colour in enumerate(heat)}
    return {**colours, **steps, **inks}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb`, 1 to 21 (WCAG 2.2, relative luminance)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 (black) to 1 (white)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _declarations(values: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in values.items())
