# What a role needs to run the daemon, from the statements that it runs: for each table the privileges, as rows for
# commands/grants.c. The files are migrations (which tables there are), then functions and queries.

BEGIN {
	RS = ";"
	# What db/migrate.c looks at.
	needs["migration", "select"] = needs["function_set", "select"] = needs["schema_object", "select"] = 1
	tables["migration"] = tables["function_set"] = tables["schema_object"] = 1
}

# A file's remarks may hold anything, a semicolon too, so statements begin with one rarely; no statement has one in a text.
{
	gsub(/--[^\n]*/, "")
	gsub(/\/\*([^*]|\*[^\/])*\*\//, "")
	statement = " " tolower($0) " "
	gsub(/bookingd\./, "", statement)
}

FILENAME ~ /migrations/ {
	if (match(statement, /create (table|sequence) [a-z_]+/)) {
		name = substr(statement, RSTART, RLENGTH)
		sub(/.* /, "", name)
		tables[name] = 1
	}
	if (match(statement, /drop (table|sequence) [a-z_]+/)) {
		name = substr(statement, RSTART, RLENGTH)
		sub(/.* /, "", name)
		delete tables[name]
	}
	next
}

# Triggers are named with their tables; what records and repairs the schema is the owner's.
statement ~ /create (or replace )?trigger/ || FILENAME ~ /functions\/schema\.sql$/ { next }

{
	for (name in tables) {
		end = "[^a-z_]"
		inserts = statement ~ ("insert into " name end)
		updates = statement ~ ("[^a-z]update " name end) && statement !~ ("(for|after|before) update " name end) ||
			inserts && statement ~ /do update/ || statement ~ ("setval\\('" name)
		deletes = statement ~ ("delete from " name end)
		if (inserts)
			needs[name, "insert"] = 1
		if (updates)
			needs[name, "update"] = 1
		if (deletes)
			needs[name, "delete"] = 1
		if (updates || deletes || statement ~ ("(from|join|using|,)[ \n\t(]+" name end) ||
		    inserts && statement ~ /returning|on conflict/)
			needs[name, "select"] = 1
	}
}

END {
	count = split("select insert update delete", kinds, " ")
	for (name in tables) {
		list = ""
		for (i = 1; i <= count; i++) {
			if ((name, kinds[i]) in needs)
				list = list (list == "" ? "" : ", ") kinds[i]
		}
		if (list != "")
			print "{\"" name "\", \"" list "\"}," | "LC_ALL=C sort"
	}
}
