"""How fast this machine is at what a run spends its time on, beside numbers that were measured on a named machine."""
