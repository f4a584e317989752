"""Every rule of the audit, in one table."""

from types import ModuleType

from jobs.audit.findings import Category
from jobs.audit.rules import (
    aria,
    contrast,
    cookies,
    delivery,
    document,
    focus,
    headers,
    images,
    loading,
    names,
    palette,
    search,
    sharing,
    structure,
    stylecraft,
    tables,
    targets,
    trust,
    weight,
    words,
)
from jobs.audit.rules.declare import Rule

_MODULES = (
    images,
    names,
    aria,
    focus,
    structure,
    tables,
    document,
    contrast,
    search,
    sharing,
    weight,
    loading,
    delivery,
    headers,
    cookies,
    trust,
    words,
    targets,
    palette,
    stylecraft,
)


def _rules(module: ModuleType) -> list[Rule]:
    return [found for found in vars(module).values() if isinstance(found, Rule)]


RULES = tuple(found for module in _MODULES for found in _rules(module))


def rules_of(category: Category) -> list[Rule]:
    """List the rules of one category, in the order of the table."""
    return [found for found in RULES if found.category is category]
