"""The serving stack: what is installed on an inference cluster, in which order, with which settings.

`charts` and `objects` list its parts, `versions` and `chart_values` say what of each, `progress` which part may come
now, `order` what goes before what in the end.
"""
