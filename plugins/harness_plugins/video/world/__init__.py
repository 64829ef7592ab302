"""A synthetic world: clips of shapes that move, with captions in Swedish and English."""
