# Turn sql/queries/*.sql into the table that include/db/query.h reads: one line per statement,
# QUERY(UPPER_NAME, "name", SHAPE, session, parameters, "text"). Stops the build at the first mistake.

function fail(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
	failed = 1
	exit 1
}

function finish() {
	if (name == "")
		return
	if (text == "")
		fail("the statement " name " is empty")
	printf "QUERY(%s, \"%s\", QUERY_SHAPE_%s, %s, %d,\n%s)\n", toupper(name), name, toupper(shape), session, parameters,
	       text
	name = ""
}

FNR == 1 {
	finish()
}

/^-- name:/ {
	finish()
	if (NF < 4 || NF > 5 || $3 !~ /^[a-z][a-z0-9_]*$/ || $4 !~ /^(one|many|exec)$/ || (NF == 5 && $5 != "session"))
		fail("expected `-- name: some_name one|many|exec [session]`")
	if ($3 in seen)
		fail("a second statement called " $3)
	seen[$3] = 1
	name = $3
	shape = $4
	session = NF == 5 ? "true" : "false"
	text = ""
	parameters = 0
	next
}

/^[ \t]*(--.*)?$/ {
	next
}

{
	if (name == "")
		fail("a statement without a name above it")
	line = $0
	while (match(line, /\$[0-9]+/)) {
		number = substr(line, RSTART + 1, RLENGTH - 1) + 0
		if (number > parameters)
			parameters = number
		line = substr(line, RSTART + RLENGTH)
	}
	line = $0
	gsub(/[\\"]/, "\\\\&", line)
	text = text (text == "" ? "" : "\n") "\t\"" line "\\n\""
}

END {
	if (!failed)
		finish()
}
