# Finds files of over 600 lines that do not say why: such a file has a comment with "over 600 lines" in it.
#
#   awk -f config/lengths.awk $(git ls-files '*.c' '*.h')

FNR == 1 { excused[FILENAME] = 0 }
/over 600 lines/ { excused[FILENAME] = 1 }
{ lines[FILENAME] = FNR }

END {
	for (file in lines) {
		if (lines[file] > 600 && !excused[file]) {
			print file ": " lines[file] " lines; look for two subjects in it"
			bad++
		}
	}
	exit bad > 0
}
