"""Statistics of meta-evaluation: how well metrics agree with people. Arrays in, numbers out; no files, no plugins."""
