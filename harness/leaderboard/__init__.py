"""Leaderboards: models × tasks, with what is known of how far each column's metric can be trusted."""
