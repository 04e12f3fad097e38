"""The command line `thermik`: one module a command, or a group of them; nothing is imported that a command does not need."""
