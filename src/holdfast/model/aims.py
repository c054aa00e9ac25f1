"""What a fault's target stands for, where it is no single resource: a group's members, the hosts that share a value.

Production is left out: a value may be carried there as well, and a fault on the range goes as far as the range.
"""

from __future__ import annotations

from holdfast.model.types import Fault, Model, Resource
from holdfast.model.vocabulary import ParameterSchema

OF = "of"
"""The parameter of a fault on a shared value that names the attribute."""


def carries(model: Model, resource: Resource, attribute: str, value: str) -> bool:
    """Return whether a resource has a value of a shared attribute, by itself or by its site."""
    site = model.sites.get(resource.site) if resource.site is not None else None
    return resource.shares.get(attribute) == value or (site is not None and site.shares.get(attribute) == value)


def stands_for(model: Model, fault: Fault, schema: ParameterSchema) -> tuple[str, ...]:
    """Return the resources that a fault's target stands for, in their declared order; none if it is a resource."""
    if "group" in schema.targets and fault.target in model.groups:
        return model.groups[fault.target].members
    if "shared" in schema.targets:
        attribute = str(fault.parameters.get(OF, ""))
        return tuple(
            resource.name
            for resource in model.resources.values()
            if resource.kind == "host"
            and resource.environment != "production"
            and carries(model, resource, attribute, fault.target)
        )
    return ()
