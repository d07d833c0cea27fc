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

# What target/node is made of, where the machine has no Node.js or one that is too old.
NODE_OLDEST=20
NODE_VERSION=22.23.3
NODE_SHA512_x64=a879f3e6d16c1e88ff58cfae4443558d638d8b9855be6c2b82af00e15efa2a9b95340738fa3c0af31e20c1ba1b13d06d1cd83f00a476e7cdde628acb17f73b9e
NODE_SHA512_arm64=9770c01d9adeca5a3ea7d4170edb0eae31b625726a5736179c01a621034e50d01170ca694ced9c99ec1540ffb7ead8c99d213e773a4c36d816f9cde8883bd7b4
NPM_VERSION=11.19.1
NPM_SHA512=cedb312b1b7f92421a02cfb68b4194e88f8346651dacd6acc5364a25ef5309d4a32b19616a1ff8aff865e7280c0fa5c0835a99f5cd93368991e2a80ec9da75d2

node_is_new() {
    have node && have npm && node -e "process.exit(parseInt(process.versions.node) >= $NODE_OLDEST ? 0 : 1)" 2>/dev/null
}

# Puts a Node.js that is new enough into PATH: the machine's own, else one out of the npm registry,
# which is kept in target/node (Debian 12 has 18, which is too old for the tests).
need_node() {
    node_is_new && return 0
    PATH=$PWD/target/node/bin:$PATH
    export PATH
    node_is_new && return 0
    fetch_node && node_is_new && return 0
    say "Node.js $NODE_OLDEST or newer is needed, with npm: https://nodejs.org"
    return 1
}

fetch_node() {
    local machine sum
    [ "$(uname -s)" = Linux ] || return 1
    case $(uname -m) in
        x86_64) machine=x64 sum=$NODE_SHA512_x64 ;;
        aarch64 | arm64) machine=arm64 sum=$NODE_SHA512_arm64 ;;
        *) return 1 ;;
    esac
    say "fetching Node.js $NODE_VERSION into target/node"
    mkdir -p target/node/bin
    fetch_package "node-linux-$machine" "$NODE_VERSION" "$sum" target/node/package || return 1
    fetch_package npm "$NPM_VERSION" "$NPM_SHA512" target/node/npm || return 1
    ln -sf ../package/bin/node target/node/bin/node
    # npm finds its own parts from where its program really lies.
    ln -sf ../npm/bin/npm-cli.js target/node/bin/npm
    chmod +x target/node/npm/bin/npm-cli.js
}

# fetch_package NAME VERSION SHA512 FOLDER: unpacks a package of the npm registry, if it is the one meant.
fetch_package() {
    # Whoever has a mirror says so to npm in the same way.
    local registry=${npm_config_registry:-https://registry.npmjs.org} archive=$4.tgz
    local address=${registry%/}/$1/-/$1-$2.tgz
    if have curl; then
        curl -fsSL --retry 3 -o "$archive" "$address"
    elif have wget; then
        wget -q -O "$archive" "$address"
    else
        install_packages "curl" curl ca-certificates && curl -fsSL --retry 3 -o "$archive" "$address"
    fi || { say "$address could not be fetched"; return 1; }
    if ! echo "$3  $archive" | sha512sum --check --status; then
        rm -f "$archive"
        say "$address is not the file that was meant"
        return 1
    fi
    rm -rf "$4" && mkdir -p "$4" && tar -xzf "$archive" -C "$4" --strip-components=1 && rm -f "$archive"
}

# Installs the packages of package-lock.json where they are missing or of another lock.
need_npm_packages() {
    local marker=node_modules/.package-lock.json
    [ -e "$marker" ] && [ ! package-lock.json -nt "$marker" ] && return 0
    say "installing npm packages"
    npm ci --no-audit --no-fund --loglevel=error >&2
}
