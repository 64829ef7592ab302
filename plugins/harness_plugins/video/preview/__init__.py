"""A page that shows segments as frames with their text, for people to see whether the two belong together."""
