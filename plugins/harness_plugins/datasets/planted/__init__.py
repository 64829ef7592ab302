"""Documents with planted neighbours: invented portraits, their near-duplicates and paraphrases, and questions about them."""
