"""Script tasks: commands in a process and a directory of their own, known by what they print and leave behind.

`process` runs and kills; `lines` and `markers` read what is printed; `files` brings files in and out;
`environment` says what a script may see; `running` puts one run together; `shell` and `python` are the types.
"""
