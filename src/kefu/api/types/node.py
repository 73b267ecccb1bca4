import strawberry

from kefu.api import define


@define.interface(description="Something with an id of its own, to be read again with `node(id)`.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, stable, unique over all types and tenants.")
