#!/bin/sh
# Prints the Python that the project's environment is made with: the first of those below that
# runs, is new enough and can make environments. Explains itself and fails if there is none.
# An interpreter is asked, not just looked up: a version manager's shim exists for versions that
# are switched off.
set -eu

minimum="3.11"
seen=""

suits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

makes_environments() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# Debian ships `venv` apart from Python; as root we may add it, and only then.
add_venv() {
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package"; } >&2
        makes_environments "$1" && return 0
    fi
    echo "$1 cannot make virtual environments. Install Debian's package $package (or your system's equivalent) and try again." >&2
    return 1
}

if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
else
    set -- python3 python3.13 python3.12 python3.11
fi

lacks_venv=""
for candidate in "$@"; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if ! suits "$candidate"; then
        version=$("$candidate" -V 2>&1 | sed -n 's/^Python //p')
        seen="$seen $candidate (${version:-does not run})"
    elif makes_environments "$candidate"; then
        echo "$candidate"
        exit 0
    else
        lacks_venv="${lacks_venv:-$candidate}"
    fi
done

if [ -n "$lacks_venv" ]; then
    add_venv "$lacks_venv"
    echo "$lacks_venv"
    exit 0
fi

echo "Thermik needs Python $minimum or newer as python3, python3.11, python3.12 or python3.13 on the PATH (seen:${seen:- none})." >&2
echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
exit 1
