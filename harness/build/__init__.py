"""Instruction data out of builders: rows are identified, filtered, freed of duplicates and of evaluation items, split, and
described."""
