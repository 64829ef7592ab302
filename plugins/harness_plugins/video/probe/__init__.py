"""What seeing is worth: masked words probed by imageability."""
