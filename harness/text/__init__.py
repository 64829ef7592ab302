"""What metrics count in texts, for whole batches at once: words, n-grams, common subsequences; chrF. Exact, in any script."""
