#!/bin/sh
# Make the table of embedded files: embed_assets.sh <folder for copies> <file>... >assets.h
# Each file is copied with @VERSION@ replaced by a hash over all of them, and compressed beside it. Scripts go out without
# the comments that have lines of their own: a tenth of the widget's weight, which every page that shows it has to load.
set -eu
copies=$1
shift
mkdir -p "$copies"
version=$(cat "$@" | sha256sum | cut -c 1-12)
echo "#define ASSETS_VERSION \"$version\""
echo "#define ASSETS(X) \\"
number=0
for file in "$@"; do
	name=${file#src/web/}
	copy=$copies/$number
	case $name in
	*.js) sed -e 's,^[[:space:]]*//.*,,; s,^[[:space:]]*/\*.*\*/$,,; /^[[:space:]]*\/\*/,/\*\/$/d; /^[[:space:]]*$/d' \
		-e "s/@VERSION@/$version/g" "$file" >"$copy" ;;
	*.html | *.css) sed "s/@VERSION@/$version/g" "$file" >"$copy" ;;
	*) cp "$file" "$copy" ;;
	esac
	gzip -9 -n -c "$copy" >"$copy.gz"
	printf '\tX(%d, "%s", "%s") \\\n' "$number" "$name" "$copy"
	number=$((number + 1))
done
echo
