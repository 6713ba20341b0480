# Layers point down, and each foreign header has one home (src/README.md). Prints every include that breaks this.
#
#   awk -f config/includes.awk $(git ls-files '*.c' '*.h')

function layer_of(path) {
	if (path !~ /^(src|include)\/[a-z]+\//)
		return "main"
	sub(/^(src|include)\//, "", path)
	sub(/\/.*/, "", path)
	return path
}

BEGIN {
	uses["base"] = "base"
	uses["domain"] = "base domain"
	uses["http"] = "base domain http"
	uses["net"] = "base domain net"
	uses["db"] = "base domain db"
	uses["calendar"] = "base domain net db calendar"
	uses["notice"] = "base domain net db notice"
	uses["app"] = "base domain net db calendar notice app"
	uses["api"] = "base domain http net db calendar notice app api"
	uses["commands"] = "base domain http net db calendar notice app api commands"
	uses["main"] = "base domain http net db calendar notice app api commands main"

	home["microhttpd.h"] = "^src/http/"
	home["libpq-fe.h"] = "^src/db/"
	home["curl/"] = "^src/net/"
	home["expat.h"] = "^src/net/dav_multistatus\\.c$"
	home["resolv.h"] = "^src/net/service\\.c$"
	home["openssl/"] = "^src/base/(crypto|signature)\\.c$"
	home["libical/"] = "^src/domain/(zone|ics)\\.c$"
	home["uthash.h"] = "^include/base/table\\.h$"
	home["jansson.h"] = "^(src|include)/(base|http|net|api)/|^src/(main|version)\\.c$"
}

FNR == 1 { layer = layer_of(FILENAME) }

/^#include "[a-z]+\// {
	split($0, parts, /["\/]/)
	if (parts[2] in uses && index(" " uses[layer] " ", " " parts[2] " ") == 0)
		bad[++count] = FILENAME ":" FNR ": " layer " may not use " parts[2]
}

/^#include "(config|config_names|config_value|env_file)\.h"/ && layer != "main" && layer != "commands" {
	bad[++count] = FILENAME ":" FNR ": " layer " may not use what composes it"
}

/^#include </ {
	header = $2
	gsub(/[<>]/, "", header)
	for (start in home)
		if (index(header, start) == 1 && FILENAME !~ home[start])
			bad[++count] = FILENAME ":" FNR ": " header " has its home elsewhere: " home[start]
}

END {
	for (i = 1; i <= count; i++)
		print bad[i]
	exit count > 0
}
