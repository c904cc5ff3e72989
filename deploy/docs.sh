#!/bin/sh
# `make docs`: the site of docs/ in site/, from docs/*.md and the docstrings, by an environment of its
# own with exactly the packages of deploy/docs.lock. Once that is there no network is needed.
# UV=... and DOCS_VENV=... choose the installer and the environment.

set -u
cd "$(dirname "$0")/.." || exit 1

uv=${UV:-.venv/bin/uv}
venv=${DOCS_VENV:-.venv-docs}
lock=deploy/docs.lock
stamp=$venv/.installed

fail() {
    echo "error: $*" >&2
    exit 1
}

if ! cmp -s "$lock" "$stamp"; then
    echo "docs: making $venv"
    rm -rf "$venv"
    # as in setup.sh: whoever has told pip of a mirror has told uv, too
    mirror=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null)}
    if [ -n "$mirror" ] && [ -z "${UV_INDEX_URL:-}${UV_DEFAULT_INDEX:-}" ]; then
        export UV_DEFAULT_INDEX="$mirror"
    fi
    "$uv" venv -q "$venv" || fail "the environment could not be made"
    "$uv" pip install -q --python "$venv/bin/python" --require-hashes -r "$lock" ||
        fail "the packages could not be fetched or installed (is there a network?)"
    cp "$lock" "$stamp"
fi

NO_MKDOCS_2_WARNING=1 "$venv/bin/python" -m mkdocs build --quiet --strict --clean || fail "the site could not be built"
echo "docs: site/index.html"
