#!/bin/sh
# Installs what the tests run: PostgreSQL, MariaDB, RabbitMQ, nginx, supervisor,
# Chromium, Node.js and Python, from Debian's packages, as far as they are missing.
# Starts none of them: the tests run servers of their own. The argument is the build
# folder, which gets the browser script's one dependency, the client generators and
# the contract tester.
set -eu

build_folder=${1:?usage: install-servers.sh BUILD_FOLDER}
here=$(cd "$(dirname "$0")" && pwd)

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing_packages() {
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || echo postgresql
    [ -x /usr/sbin/mariadbd ] || echo mariadb-server
    ls /usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server >/dev/null 2>&1 || echo rabbitmq-server
    command -v epmd >/dev/null || echo erlang-base
    [ -x /usr/sbin/nginx ] || echo nginx
    command -v supervisord >/dev/null || echo supervisor
    command -v curl >/dev/null || echo curl
    command -v strace >/dev/null || echo strace
    ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || echo libfaketime
    [ -x /usr/bin/chromium ] || echo chromium
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3 python3-venv
    command -v setpriv >/dev/null || echo util-linux
}

# Packages of servers start them when installed, unless this file forbids it.
forbid_starting_services() {
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] && return
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
}

install_packages() {
    packages=$(missing_packages)
    [ -z "$packages" ] && return
    if ! command -v apt-get >/dev/null; then
        echo "missing, and there is no apt-get to install it:" $packages >&2
        exit 1
    fi
    echo "installing" $packages
    forbid_starting_services
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
    # shellcheck disable=SC2086 # several words are meant
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $packages
}

install_browser_driver() {
    modules=$build_folder/browser
    cmp -s "$here/browser/package-lock.json" "$modules/package-lock.json" &&
        [ -d "$modules/node_modules" ] && return
    mkdir -p "$modules"
    cp "$here/browser/package.json" "$here/browser/package-lock.json" "$modules"
    (cd "$modules" && npm ci --no-audit --no-fund --loglevel=error \
        --cache "$modules/npm-cache")
}

install_packages
install_browser_driver
"$here/../openapi/install-tools.sh" "$build_folder"
