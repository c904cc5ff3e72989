#!/bin/sh
# `make setup`: a virtual environment in .venv with exactly the packages of requirements.lock.
# Says and does nothing when that is there already. PYTHON=... chooses the Python to use.
# Nothing is installed that is not in a lock file by its hash, the installer (uv) included.

set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p -m 700 .ganatomy # before DVC, which would open it to everybody (tasks/shared/private.py)

lock=requirements.lock
stamp=.venv/.installed
log=.venv-install.log
need_kib=10485760 # 10 GiB: torch with CUDA, unpacked, and the download beside it
child=

# Every other command calls this one first, so the usual case is a single, bare Python.
digest='import hashlib; print(hashlib.sha256(open("requirements.lock", "rb").read()).hexdigest())'
version_of() { "$1" -I -S -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null; }
wanted_python() {
    [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of .venv/bin/python)" ]
}
found=$(.venv/bin/python -I -S -c "$digest" 2>/dev/null) &&
    [ "$found" = "$(cat "$stamp" 2>/dev/null)" ] && wanted_python && exit 0

say() { printf 'setup: %s\n' "$1"; }
fail() {
    echo "error: $*" >&2
    exit 1
}

# A child in the background, so that a signal can end it at once instead of after the download.
stopped() {
    trap '' HUP INT TERM
    if [ -n "$child" ]; then # its own children too: venv leaves making pip to one of them
        below=$(ps -A -o pid= -o ppid= 2>/dev/null | awk -v top="$child" '$2 == top { print $1 }')
        # shellcheck disable=SC2086 # several words
        { kill "$child" $below && wait "$child"; } 2>/dev/null
    fi
    echo "stopped: the same command starts again" >&2
    exit "$1"
}
trap 'stopped 129' HUP
trap 'stopped 130' INT
trap 'stopped 143' TERM

logged() {
    "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    wait "$child"
    code=$?
    child=
    return "$code"
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# The one that is tested first; what will not do is kept for the error's words.
python=
too_old=
without_venv=
for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
    version=$(version_of "$candidate") || continue
    if ! new_enough "$candidate"; then
        too_old="$candidate is $version"
    elif ! has_venv "$candidate"; then
        without_venv=${without_venv:-"$candidate ($version)"}
    else
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    name_one='PYTHON=/path/to/python make setup'
    [ -n "$without_venv" ] && fail "$without_venv has no venv module:" \
        "install it (apt install python3-venv), or name another Python: $name_one"
    [ -n "$too_old" ] && found="$too_old" || found="${PYTHON:-python3} does not run"
    fail "Python 3.11 or newer is needed, but $found: install one, or name it: $name_one"
fi

free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "${free_kib:-0}" -ge "$need_kib" ] ||
    fail "10 GiB of free disk are needed here, but there are $((${free_kib:-0} / 1048576)) GiB"

# An environment that was once complete is brought up to date; any other is made anew, for nobody
# knows where its installation was cut off.
start=$(date +%s)
: >"$log"
if [ -f "$stamp" ] && [ "$(version_of .venv/bin/python)" = "$version" ]; then
    say "requirements.lock has changed: bringing .venv up to date"
    rm -f "$stamp"
else
    say "Python $version ($python): making .venv"
    rm -rf .venv
    logged "$python" -m venv .venv ||
        fail "the virtual environment could not be made: see $log"
fi

num_packages=$(grep -c '^[A-Za-z0-9]' "$lock")
unfetched="the packages could not be fetched or installed (is there a network?): see $log"
logged .venv/bin/python -m pip install --disable-pip-version-check --require-hashes \
    -r deploy/uv.lock || fail "$unfetched"

# Whoever has told pip of a mirror has told uv, too.
mirror=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null)}
if [ -n "$mirror" ] && [ -z "${UV_INDEX_URL:-}${UV_DEFAULT_INDEX:-}" ]; then
    export UV_DEFAULT_INDEX="$mirror"
fi

say "installing $num_packages packages, about a minute; several if they have to be downloaded ..."
# compiled once here, or every stage of every run may compile torch anew
logged .venv/bin/uv pip install --compile-bytecode --python .venv/bin/python --require-hashes -r "$lock" ||
    fail "$unfetched"

printf '%s\n' "$(.venv/bin/python -I -S -c "$digest")" >"$stamp.partial" &&
    mv "$stamp.partial" "$stamp" || fail "cannot write $stamp"
rm -f "$log"
say "done in $(($(date +%s) - start)) s"
