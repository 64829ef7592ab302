"""An experiment from end to end: build, train, generate, score, compare, meta-evaluate, rank, report; resuming anywhere."""
