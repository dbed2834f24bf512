#!/usr/bin/env bash
# Prints the base image of `make image` by its digest, NAME@sha256:..., which a registry
# cannot change behind it as it can a tag.
#
#   deploy/pinned_base.sh docker.io/library/python:3.13-slim ENGINE [OPTION]...
#
# The engine asks the registry what the tag is now. The first time that is recorded in
# base-images.txt beside this file, which is to be committed; from then on another image
# behind the tag is refused. A digest is taken as it is, and so is an image of this machine.
set -euo pipefail

image=${1:?usage: pinned_base.sh IMAGE ENGINE [OPTION]...}
engine=("${@:2}")
record=$(dirname "$0")/base-images.txt

case $(basename "${engine[0]}") in
    buildah)
        pull=(pull --quiet --policy always)
        inspect=(inspect --type image --format '{{.FromImageDigest}}')
        ;;
    *)
        pull=(pull --quiet)
        inspect=(image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}')
        ;;
esac
case $image in
    *@sha256:* | localhost/*) echo "$image" && exit ;;
esac
"${engine[@]}" "${pull[@]}" "$image" >/dev/null
now=$("${engine[@]}" "${inspect[@]}" "$image" |
    grep --only-matching 'sha256:[0-9a-f]\{64\}' | sort --unique) || { echo "$image has no digest: it comes from no registry" >&2 && exit 1; }
touch "$record"
known=$(sed --quiet "s|^$image@||p" "$record")
if [ -z "$known" ]; then
    # An engine may know two: what the tag names, and its part for this processor.
    sed "s|^|$image@|" <<<"$now" >>"$record"
    echo "$image is recorded in $record: commit it" >&2
    known=$now
fi
both=$(grep --fixed-strings --line-regexp "$known" <<<"$now" | head --lines 1) || {
    echo "$image is another image now than $record has:" $now "instead of" $known >&2
    echo "see what has changed and take its lines out of that file, or build on what it" \
        "has by its digest: make image BASE_IMAGE=NAME@sha256:..." >&2
    exit 1
}
name=${image##*/}
echo "${image%"$name"}${name%%:*}@$both"
