"""What the desk costs on its stores, measured. Nothing of this ships."""
