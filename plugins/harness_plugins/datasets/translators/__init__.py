"""Translators: engines behind one protocol, by name or as `package.module:name`."""
