"""Device selectors: the CEL dialect in which a workload says what hardware it needs."""

from function.selectors.cache import CacheStatistics
from function.selectors.cost_estimate import COST_LIMIT
from function.selectors.device import Claim, Device, Value, ValueKind
from function.selectors.error import SelectorError
from function.selectors.result import MATCH, NO_MATCH, EvaluationOutcome, EvaluationResult
from function.selectors.selector import Selector, cache_statistics, compile_selector
from function.selectors.values import NO_SUCH_KEY

__all__ = [
    "COST_LIMIT",
    "MATCH",
    "NO_MATCH",
    "NO_SUCH_KEY",
    "CacheStatistics",
    "Claim",
    "Device",
    "EvaluationOutcome",
    "EvaluationResult",
    "Selector",
    "SelectorError",
    "Value",
    "ValueKind",
    "cache_statistics",
    "compile_selector",
]
