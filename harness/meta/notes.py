"""The words that rows carry in `note`, joined by semicolons."""

FEW_ITEMS = 100  # under this many, percentile intervals covered less than they promise in simulation


def join(*parts: str | None) -> str | None:
    """The parts that say something, or None."""
    return "; ".join(part for part in parts if part) or None


def approximate(n_items: int) -> str | None:
    """What a row with an interval says when it rests on few items."""
    return f"approximate interval: under {FEW_ITEMS} items" if 0 < n_items < FEW_ITEMS else None


def same_as_another(what: str, own: str | None, note: str | None) -> str | None:
    """The note of a row taken over from a slice with the same outputs (or pairs); `own` is what all rows of the slice say."""
    parts = (note or "").split("; ")
    return join(f"the same {what} as another slice", own, *(part for part in parts if part != own))
