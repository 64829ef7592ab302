"""What can be known of a judge: how far it agrees with people, and how far its verdicts depend on what they should not."""
