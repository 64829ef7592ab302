"""Language models as judges: prompts, what is read from the replies, and the metrics made of that."""
