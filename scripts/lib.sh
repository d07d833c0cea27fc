# shellcheck shell=bash
# Small functions shared by the scripts here; meant to be sourced by bash.

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$(basename "$0"): $*"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root where that needs no password; fails otherwise.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# install_packages WHY PACKAGE...: by apt, where it may; else says what to install and fails.
install_packages() {
    local why=$1
    shift
    if have apt-get && as_root true; then
        say "installing $* ($why)"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || true
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >&2 && return 0
    fi
    say "missing: $why. Please install (Debian names): $*"
    return 1
}

# The folder with initdb and postgres: 15 where it is there, else the newest; empty when none.
postgres_bin() {
    local folder
    for folder in /usr/lib/postgresql/15/bin \
        $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) \
        "$(pg_config --bindir 2>/dev/null)"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
}

need_postgres() {
    [ -n "$(postgres_bin)" ] && return 0
    # Debian 12 has 15; other releases have their own under the general name.
    if apt-cache show postgresql-15 2>/dev/null | grep -q '^Package:'; then
        install_packages "PostgreSQL" postgresql-15
    else
        install_packages "PostgreSQL" postgresql
    fi
}
