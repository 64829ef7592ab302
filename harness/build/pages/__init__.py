"""The pages of a build: data card and review, self-contained HTML in the style of a report."""
