"""The path of a delivery: wake up, claim, deliver, record; and what keeps it alive."""
