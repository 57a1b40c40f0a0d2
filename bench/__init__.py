"""How long answers take and how much memory, over fleets made of objects as Crossplane sends them."""
