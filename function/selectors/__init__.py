"""Device selectors: the CEL dialect in which a workload says what hardware it needs."""

from function.selectors.cost import COST_LIMIT
from function.selectors.device import Claim, Device, Kind, Value
from function.selectors.error import SelectorError
from function.selectors.remembered import CacheUse
from function.selectors.selector import Selector, cache_use, compile_selector
from function.selectors.verdict import MATCH, NO_MATCH, Outcome, Verdict

__all__ = [
    "COST_LIMIT",
    "MATCH",
    "NO_MATCH",
    "CacheUse",
    "Claim",
    "Device",
    "Kind",
    "Outcome",
    "Selector",
    "SelectorError",
    "Value",
    "Verdict",
    "cache_use",
    "compile_selector",
]
