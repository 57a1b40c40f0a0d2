"""What holds for every test."""

import os

import celpy
from hypothesis import settings

celpy.Environment()  # raises Python's recursion limit, which no property test may see happen

# How long things take is measured in bench/, not here. Every run asks the same examples, so that a change is judged by
# what it changes; EXPLORE=2500 asks as many others of each property.
settings.register_profile("same every time", deadline=None, derandomize=True)
settings.register_profile("others", deadline=None, max_examples=int(os.environ.get("EXPLORE", "100")))
settings.load_profile("others" if "EXPLORE" in os.environ else "same every time")
