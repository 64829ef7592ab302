"""Masked language models that read video tokens beside text: the model, its sequences, what is masked."""
