"""An interpreter that only starts: what is subtracted where whole processes are counted."""
