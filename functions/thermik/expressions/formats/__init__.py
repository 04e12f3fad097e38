"""Document formats that expressions read and write: JSON, YAML, Ion, and jq's queries over them."""
