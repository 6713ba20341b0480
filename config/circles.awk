# Finds object files that call each other in a circle. A file uses those whose symbols it leaves undefined.
#
#   nm -o --format=posix *.o | awk -f config/circles.awk
#
# Prints each circle once, with what makes it, and fails if there is one. Reads "FILE: SYMBOL TYPE ..." lines.

{
	file = $1
	sub(/:$/, "", file)
	if (!(file in known)) {
		known[file] = 1
		files[++file_count] = file
	}
	if ($3 ~ /^[TDBRGCVWS]$/)
		home[$2] = file
	else if ($3 == "U")
		wanted[file, ++wanted_count[file]] = $2
}

function visit(file,    i, next_file) {
	state[file] = 1
	stack[++depth] = file
	for (i = 1; i <= wanted_count[file]; i++) {
		next_file = home[wanted[file, i]]
		if (next_file == "" || next_file == file)
			continue
		if (state[next_file] == 1 && !((file, next_file) in told)) {
			told[file, next_file] = 1
			report(next_file)
		}
		if (state[next_file] == 0)
			visit(next_file)
	}
	depth--
	state[file] = 2
}

# What one file takes from another.
function symbols(from, to,    i, list) {
	for (i = 1; i <= wanted_count[from]; i++)
		if (home[wanted[from, i]] == to)
			list = list (list == "" ? "" : ", ") wanted[from, i]
	return list
}

function report(first,    i, to) {
	for (i = depth; stack[i] != first; i--)
		;
	printf "circle:\n"
	for (; i <= depth; i++) {
		to = i < depth ? stack[i + 1] : first
		printf "  %s uses %s: %s\n", stack[i], to, symbols(stack[i], to)
	}
	circles++
}

END {
	for (n = 1; n <= file_count; n++)
		if (state[files[n]] == 0)
			visit(files[n])
	exit circles > 0
}
