"""The doors of other systems: parse, translate, answer in their dialect."""
