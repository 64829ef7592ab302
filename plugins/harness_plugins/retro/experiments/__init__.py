"""Training experiments by config: neighbours of a given overlap, paraphrased neighbours, retrievers swapped; over seeds."""
