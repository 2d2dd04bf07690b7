"""The colours of every page and plot, for light and for dark."""

LIGHT = {
    "ink": "#1a1d21",
    "dim": "#5b636c",
    "paper": "#ffffff",
    "line": "#d9dde2",
    "shade": "#f3f5f7",
    "data": "#1f5fbf",
    "goal": "#b3541e",
}
DARK = {
    "ink": "#e8eaed",
    "dim": "#9aa2ab",
    "paper": "#16181b",
    "line": "#363b41",
    "shade": "#202429",
    "data": "#7fb0ff",
    "goal": "#ff9d5c",
}
# What the lines of a plot are drawn in, in this order.
SERIES = ("#1f5fbf", "#b3541e", "#2e8b57", "#8a4fbf", "#b8860b", "#5b636c")


def css() -> str:
    """Return the colours as CSS variables, such as `--ink`, which follow the reader's theme."""
    return (
        f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}"
    )


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
