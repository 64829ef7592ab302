"""Retrieval databases: documents cut into chunks of tokens, on disk, with the indexes that retrievers search."""
