"""What the facts are (contract), how sources become them (conform, headers), and what is odd about them (quality)."""
