#!/usr/bin/env bash
# Builds a wheel of pymssql over a FreeTDS that is compiled with optimisation, which those
# in pymssql's own wheels are not: docs/performance.md tells what that saves.
#
#   deploy/optimised_pymssql.sh FREETDS_SOURCE [FOLDER]
#
# FREETDS_SOURCE is an archive of FreeTDS 1.4 or newer with its configure script. FOLDER
# gets the wheel; it is build/optimised unless named. PYTHON names the Python that the wheel
# is for, python3 otherwise. Needs what Debian has in gcc, libc6-dev, make, pkg-config and
# libssl-dev, and Python's own headers; where the wheel is used, OpenSSL's libraries.
set -euo pipefail

source=$(readlink --canonicalize-existing "${1:?usage: optimised_pymssql.sh FREETDS_SOURCE [FOLDER]}")
here=$(dirname "$(readlink --canonicalize "$0")")
folder=${2:-$here/../build/optimised}
version=$(sed --quiet 's/^pymssql==//p' "$here/../constraints.txt")
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT

# As pymssql's authors configure it, without Kerberos. Their own build sets CFLAGS, which
# takes the place of autoconf's "-g -O2".
freetds() {
    mkdir "$work/source" "$work/build" &&
        tar --extract --file "$source" --directory "$work/source" --strip-components 1 &&
        cd "$work/build" &&
        ../source/configure --prefix="$work/freetds" CFLAGS="-O2 -fPIC" \
            --enable-static --disable-shared --enable-msdblib --with-tdsver=7.4 \
            --with-openssl=yes --with-gnutls=no \
            --disable-odbc --disable-apps --disable-server --disable-pool &&
        make --jobs "$(nproc)" install
}

(freetds) >"$work/log" 2>&1 || { tail --lines 30 "$work/log" >&2 && exit 1; }
PYMSSQL_FREETDS=$work/freetds LINK_KRB5=no "${PYTHON:-python3}" -m pip wheel --quiet \
    --no-deps --no-binary pymssql --no-cache-dir --wheel-dir "$folder" "pymssql==$version"
ls "$folder/pymssql-$version"-*.whl
