"""Where Thermik remembers: the ports `Table` and `Blobs`, and an adapter of each for AWS and for a laptop."""
