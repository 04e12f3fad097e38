"""Java's pattern languages, as far as users of Kestra write them: regular expressions, numbers, dates."""
