"""Native text: documents out of files of many formats, and fragments of them that may be answers."""
