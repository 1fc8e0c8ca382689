#!/bin/sh
# Makes d3-hierarchy.js, the layout of the treemaps, from the package on npm. Needs npm and network; run it only to take
# another version. The versions are pinned, so that the same file comes out until somebody changes them.
set -eu

d3_hierarchy=3.1.2
esbuild=0.28.2

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# No script of a package runs: esbuild's own only makes its start faster.
npm install --ignore-scripts --no-audit --no-fund --no-save --prefix . \
    "d3-hierarchy@$d3_hierarchy" "esbuild@$esbuild" >&2

# Only what the page calls: the bundler leaves out the other layouts.
echo 'export { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";' >entry.js

# The licence asks for its text in all copies, and every page is one.
banner="/*! d3-hierarchy $d3_hierarchy, the parts that the treemaps use. https://d3js.org/d3-hierarchy

$(cat node_modules/d3-hierarchy/LICENSE)
*/"
node_modules/.bin/esbuild entry.js --bundle --minify --format=iife --global-name=d3 --target=es2020 \
    --banner:js="$banner" --outfile="$here/d3-hierarchy.js"
