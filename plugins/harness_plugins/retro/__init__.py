"""Retrieval-augmented language models (RETRO): chunks, retrievers, model, trainer, generator and analyses."""
