"""The builder `translate`: instruction sets into another language, checked and repaired."""
