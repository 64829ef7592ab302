"""The builder `instructions`, and the readers of the formats that instruction sets come in."""
