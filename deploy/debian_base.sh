#!/usr/bin/env bash
# Makes the images that the Dockerfile starts from, without any registry: Debian with its
# Python, and the same with a compiler. Needs root, debootstrap and buildah.
#
#   deploy/debian_base.sh NAME [BUILDAH-OPTION]...
#   deploy/debian_base.sh localhost/base --root /srv/store --runroot /run/store
#
# The images are NAME and NAME-build. They take over this machine's certificates and
# /etc/pip.conf, for networks whose package index has a certificate of their own, so they
# are to try things with, not to ship.
set -euo pipefail

name=${1:?usage: debian_base.sh NAME [BUILDAH-OPTION]...}
shift
suite=bookworm
folder=$(mktemp --directory)
trap 'rm --recursive --force --one-file-system "$folder"' EXIT

# The Debian packages of $2, as the image $1.
image() {
    debootstrap --variant=minbase --include="$2" "$suite" "$folder/root" >"$folder/log" ||
        { tail "$folder/log" >&2; return 1; }
    cp /etc/ssl/certs/ca-certificates.crt "$folder/root/etc/ssl/certs/"
    [ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$folder/root/etc/"
    rm --recursive "$folder/root/var/cache/apt" "$folder/root/var/lib/apt/lists"
    tar --directory "$folder/root" --create --file "$folder/root.tar" .
    rm --recursive --one-file-system "$folder/root"
    printf 'FROM scratch\nADD root.tar /\nENV PATH=%s\n' \
        /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin >"$folder/Dockerfile"
    buildah "${@:3}" bud --isolation chroot --quiet --tag "$1" "$folder" >/dev/null
    rm "$folder/root.tar"
}

python=python3,python3-venv,ca-certificates
image "$name" "$python" "$@"
image "$name-build" "$python,python3-dev,gcc,libc6-dev" "$@"
