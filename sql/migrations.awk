# Turn sql/migrations/NNNN_name.sql, given in order, into the table that src/db/migrate.c reads:
# MIGRATION(version, "name", "SHA-256 of the file", seconds, "text"), seconds from seconds.txt beside them, -1 where it has
# none. Stops the build at the first mistake.

function fail(why) {
	printf "%s: %s\n", FILENAME, why > "/dev/stderr"
	failed = 1
	exit 1
}

FNR == 1 && !version {
	measured = FILENAME
	sub(/[^\/]*$/, "seconds.txt", measured)
	while ((getline line < measured) > 0) {
		if (split(line, parts, " ") == 2 && line ~ /^[0-9]+ [0-9.]+$/)
			seconds[parts[1] + 0] = parts[2]
		else if (line !~ /^#/)
			fail("seconds.txt has a line that is no number and seconds: " line)
	}
	close(measured)
}

FNR == 1 {
	if (version++)
		print ")"
	file = FILENAME
	sub(/.*\//, "", file)
	if (file !~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+\.sql$/ || substr(file, 1, 4) + 0 != version)
		fail(sprintf("expected %04d_some_name.sql here", version))
	command = "sha256sum " FILENAME
	if ((command | getline checksum) <= 0 || checksum !~ /^[0-9a-f]+ /)
		fail("no checksum")
	close(command)
	printf "MIGRATION(%d, \"%s\", \"%s\", %s,\n", version, substr(file, 6, length(file) - 9), substr(checksum, 1, 64),
		version in seconds ? seconds[version] : -1
}

{
	line = $0
	gsub(/[\\"]/, "\\\\&", line)
	printf "\t\"%s\\n\"\n", line
}

END {
	if (!failed && version)
		print ")"
}
