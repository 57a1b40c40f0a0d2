"""What holds for every test."""

import celpy
from hypothesis import settings

celpy.Environment()  # raises Python's recursion limit, which no property test may see happen

settings.register_profile("shared machine", deadline=None)  # how long things take is measured in bench/, not here
settings.load_profile("shared machine")
