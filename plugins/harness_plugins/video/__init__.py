"""Video beside text: builders of aligned data, video tokens, masked language models that read both, and what seeing is worth."""
