# Turn sql/functions/<subject>.sql, in order, into the texts that src/db/migrate.c applies:
# FUNCTIONS("file", "text"), and CHECKSUM("SHA-256 of all files"). Stops the build at the first mistake.

function fail(why) {
	printf "%s: %s\n", FILENAME, why > "/dev/stderr"
	failed = 1
	exit 1
}

FNR == 1 {
	if (files++)
		print ")"
	file = FILENAME
	sub(/.*\//, "", file)
	if (file !~ /^[a-z][a-z0-9_]*\.sql$/)
		fail("expected some_name.sql here")
	names = names " " FILENAME
	printf "FUNCTIONS(\"%s\",\n", file
}

# A function that is applied again must replace itself.
/^create / && !/^create or replace (function|trigger) / {
	fail(sprintf("line %d: expected `create or replace function` or `create or replace trigger`", FNR))
}

{
	line = $0
	gsub(/[\\"]/, "\\\\&", line)
	printf "\t\"%s\\n\"\n", line
}

END {
	if (failed || !files)
		exit failed
	print ")"
	command = "cat" names " | sha256sum"
	if ((command | getline checksum) <= 0 || checksum !~ /^[0-9a-f]+ /)
		fail("no checksum")
	printf "CHECKSUM(\"%s\")\n", substr(checksum, 1, 64)
}
