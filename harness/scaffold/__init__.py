"""New plugins: a small distribution of each kind that passes its own tests as soon as it is written."""
