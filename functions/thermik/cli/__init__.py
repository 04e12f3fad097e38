"""The command line `thermik`: one module a command, or a group; a command imports only what it needs."""
