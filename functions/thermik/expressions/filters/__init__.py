"""The filters, one module a family; each registers its own by name."""
