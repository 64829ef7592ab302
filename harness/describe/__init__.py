"""What a careful person looks at first in a judgment set: counts, agreement, texts, and what could hurt the numbers."""

from harness.describe.ratings import tie_rate
from harness.describe.summary import describe

__all__ = ["describe", "tie_rate"]
