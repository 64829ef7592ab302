"""The builder `natural`: native text as responses, with instructions that a language model writes."""
