"""Retrievers: what finds, for a chunk of text, the chunks of a database that are most like it."""
