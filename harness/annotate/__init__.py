"""Collecting human ratings: the study, who sees what in which order, the store of answers, the owner's numbers, the way out."""
