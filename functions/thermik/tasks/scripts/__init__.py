"""Script tasks: commands in a process and a directory of their own, known by what they print and leave behind.

`process` runs and kills; `lines`, `markers` and `printed` read what is printed;
`environment` says what a script may see; `running` puts one run together; `shell` and `python` are the types.
"""
