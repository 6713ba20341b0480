#!/bin/sh
# Makes the table of embedded files: embed.sh <folder for copies> >assets.h
#
# assets.list says which files there are, what they are joined from and where they are served. Each is copied with @VERSION@
# replaced by a hash over all of src/web and @UP@ by the way to /booking/, and compressed beside it.
set -eu
copies=$1
web=$(dirname "$0")
mkdir -p "$copies"
version=$(find "$web" -type f | LC_ALL=C sort | xargs cat | sha256sum | cut -c 1-12)

# One line a file: name|addresses|parts
files=$(awk '/^file / { if (file) print file; file = $2 "|"; for (i = 3; i <= NF; i++) file = file (i > 3 ? " " : "") $i; file = file "|" }
	/^part / { file = file $2 " " } END { print file }' "$web/assets.list")

echo "#define ASSETS_VERSION \"$version\""
echo "#define ASSETS(X) \\"
echo "$files" | while IFS='|' read -r name addresses parts; do
	copy=$copies/$(basename "$name")
	case $name in
	*/type.html) up=../ ;;
	*) up= ;;
	esac
	if [ -n "$parts" ] && [ "${name%.js}" = "$name" ]; then
		cat $(printf "$web/%s " $parts) >"$copy.joined"
	elif [ -n "$parts" ]; then
		awk -v folder="$web" -f "$web/join.awk" $(printf "$web/%s " $parts) >"$copy.joined"
	else
		cp "$web/$name" "$copy.joined"
	fi
	sed "s/@VERSION@/$version/g; s|@UP@|$up|g" "$copy.joined" >"$copy"
	rm "$copy.joined"
	gzip -9 -n -c "$copy" >"$copy.gz"
	printf '\tX(%s, "%s", "%s") \\\n' "$(echo "$name" | tr -c 'a-z0-9\n' _)" "$name" "$copy"
done
echo
echo "#define ASSET_ADDRESSES(X) \\"
echo "$files" | while IFS='|' read -r name addresses parts; do
	for address in $addresses; do
		printf '\tX("%s", "%s") \\\n' "$address" "$name"
	done
done
echo
