# Joins parts into one script: awk -v folder=src/web -f join.awk <part>...  The order is that of the arguments.
#
# A part is an ES module that imports the parts before it; joined, they share one scope, so the imports go. Any other import
# is refused, and so is one of a part that comes later, so no two parts need each other. A style sheet becomes a constant
# named after its file, without its indentation. Comments are left out, but behind code that has quotes or slashes. Names that
# two parts both use at their top are a syntax error, which `node --check` finds.

function refuse(why) {
	printf "%s: %s\n", FILENAME, why >"/dev/stderr"
	failed = 1
	exit 1
}

# The part that an import names: './x.js' is a neighbour, '../y/x.js' lies in the folder y.
function imported(statement, name) {
	if (!match(statement, /from '(\.|\.\.\/[a-z]+)\/[a-z_-]+\.(js|css)';$/))
		refuse("imports what is no neighbour: " statement)
	name = substr(statement, RSTART + 6, RLENGTH - 8)
	if (sub(/^\.\.\//, "", name))
		return name
	sub(/^\.\//, "", name)
	return where name
}

function finish_sheet() {
	if (sheet)
		print "`;"
	sheet = 0
}

FNR == 1 {
	finish_sheet()
	if (part != "")
		joined[part] = 1
	part = substr(FILENAME, length(folder) + 2)
	where = part
	sub(/[^\/]*$/, "", where)
	if (part ~ /\.css$/) {
		sheet = 1
		constant = substr(part, length(where) + 1)
		sub(/\.css$/, "", constant)
		printf "const %s = `\n", constant
	}
}

# What a part says of itself at its top is for who reads the source.
FNR == 1 {
	heading = /^\/\*/
}

heading {
	if (/\*\/$/)
		heading = 0
	next
}

# So are the other comments that have their lines to themselves.
/^[ \t]*\/\*/ && (!/\*\// || /\*\/$/) {
	remark = 1
}

remark {
	if (/\*\/$/)
		remark = 0
	next
}

!sheet && /^[ \t]*\/\// {
	next
}

sheet {
	sub(/^[ \t]+/, "")
	gsub(/\\/, "&&")
	gsub(/`/, "\\`")
	gsub(/\$\{/, "\\${")
	print
	next
}

/^import / || statement != "" {
	statement = statement (statement == "" ? "" : " ") $0
	if ($0 !~ /;$/)
		next
	name = imported(statement)
	if (!(name in joined))
		refuse("imports " name ", which does not stand before it in assets.list")
	statement = ""
	next
}

# And so is what stands behind a line of code in which nothing could hold two slashes.
!sheet && match($0, / \/\/ /) && substr($0, 1, RSTART - 1) !~ /['"`\/]/ {
	$0 = substr($0, 1, RSTART - 1)
}

/^export .* from / {
	refuse("exports what is another's: " $0)
}

{
	print
}

END {
	if (!failed) {
		finish_sheet()
		if (statement != "")
			refuse("an import that does not end: " statement)
	}
}
