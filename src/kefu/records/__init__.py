"""How domain values lie in a store: one place that spells keys, one codec per entity."""
