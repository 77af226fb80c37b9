# What demo, test and bench begin with: root once, packages, the toolchain, building with visible
# progress. Sourced by bash; the caller has set `root` to the repository and `why_root`.

# Where Debian keeps the network tools, which not every user has on PATH.
PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "$*" >&2
    exit 1
}

# Goes on as root, or says why that is needed. The build still runs as the one who asked.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    echo "This needs root once: $why_root."
    command -v sudo >/dev/null || fail "Missing: root. Run it as root, or install sudo."
    exec sudo env PATH="$PATH" "$0" "$@"
}

# Runs a command as the user who called sudo, so that nothing of the build belongs to root.
as_user() {
    if [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ]; then
        runuser -u "$SUDO_USER" -- env HOME="$(getent passwd "$SUDO_USER" | cut -d: -f6)" \
            PATH="$PATH" "$@"
    else
        "$@"
    fi
}

# Packages, then the toolchain: sets PATH so that `swift` is the right one.
prepare() {
    local toolchain
    [ "$(uname -m)" = x86_64 ] || fail "Missing: an x86-64 machine; this is $(uname -m)."
    command -v apt-get >/dev/null || fail "Missing: apt-get. Vedette is built on Debian 12."
    "$root/tools/install-packages" || exit 1
    toolchain=$("$root/tools/find-swift") || exit 1
    PATH=$toolchain:$PATH
    export PATH
}

# Builds with progress, and fails on a warning about our own sources.
#   build NAME-OF-WHAT LOG-FILE SWIFT-BUILD-ARGUMENTS...
build() {
    local what=$1 log=$2 began=$SECONDS status=0
    shift 2
    echo "Building $what ($(nproc) cores; the first time takes minutes, later ones seconds)"
    if [ -t 1 ]; then
        # A pseudo-terminal keeps the one-line progress while the log is written.
        as_user script -qefc "$(printf '%q ' swift build --package-path "$root" "$@")" "$log" \
            || status=$?
    else
        as_user swift build --package-path "$root" "$@" >"$log" 2>&1 &
        watch_build $! "$log" || status=$?
    fi
    if [ $status -ne 0 ]; then
        [ -t 1 ] || grep -E 'error:' -A 8 "$log" | head -n 60 >&2 || true
        [ -t 1 ] || tail -n 15 "$log" >&2
        fail "Building $what failed."
    fi
    if grep -aE "^$root/(Sources|Tests)/.*warning:" "$log" | sort -u | head -n 20 | grep .; then
        fail "Building $what gave warnings."
    fi
    echo "Built $what in $((SECONDS - began)) s"
}

# Says every ten seconds how far a build without a terminal has come.
watch_build() {
    local pid=$1 log=$2 last="" now
    # In a script's background a build would outlive its script.
    trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM HUP
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        if [ $((SECONDS % 10)) -eq 0 ]; then
            now=$(grep -aoE '^\[[0-9]+/[0-9]+\]' "$log" | tail -n 1)
            [ "$now" = "$last" ] || echo "  $now"
            last=$now
        fi
    done
    trap - INT TERM HUP
    wait "$pid"
}
