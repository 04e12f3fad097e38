"""The Lambda functions, one module each: they wire what `thermik` has, once for each cold start."""
