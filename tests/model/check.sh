#!/bin/sh
# Check the models with spin. Every run of the first list must hold; every fault of the second, put in on purpose,
# must be found, or the model could not fail.
#
#   sh tests/model/check.sh build/model          (FULL=1: the large runs, some minutes and 2 GB)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?where to build}
mkdir -p "$out"
cd "$out"
passed=0 failed=0

# check NAME holds|found MODEL FLAGS...
check() {
	name=$1 want=$2 model=$3
	shift 3
	cp "$here/$model.pml" .
	spin -a "$@" "$model.pml" >spin.log 2>&1 || { cat spin.log; exit 1; }
	${CC:-cc} -O2 -w -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM=8000 -o pan pan.c
	./pan -m500000 >pan.log 2>&1 || true
	case $(grep -o 'errors: [0-9]*' pan.log || echo none) in
	'errors: 0') got=holds ;;
	'errors: '*) got=found ;;
	*) got=unknown ;;
	esac
	if grep -q 'max search depth too small\|out of memory\|memory bound' pan.log; then got=unknown; fi
	states=$(awk '/states, stored/ { print $1; exit }' pan.log)
	if [ "$got" = "$want" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); cp pan.log "$name.log"; fi
	printf '# %-28s %-7s %10s states\n' "$name" "$got" "$states"
}

check one_appointment holds booking -DAPPOINTMENTS=1 -DMOVES_TWICE -DCRASHES=2 -DLOSSES=2
check two_appointments holds booking -DCRASHES=1 -DLOSSES=0 -DNO_HAND
if [ -n "${FULL:-}" ]; then
	check two_and_a_lost_reply holds booking -DCRASHES=1 -DLOSSES=1 -DNO_HAND
	check two_and_the_hand holds booking -DCRASHES=1 -DLOSSES=0
	check notices_of_two_moves holds notices -DMOVES_TWICE
fi
for fault in WITHOUT_LOCK FORGET_VERSION PAY_TWICE FOLLOW_THE_LIST; do
	check "$fault" found booking -DAPPOINTMENTS=1 -DMOVES_TWICE "-D$fault"
done
check notices holds notices
for fault in FORGET_THE_UNKNOWN TWO_AT_ONCE REMIND_AGAIN NOTE_FIRST; do
	check "$fault" found notices "-D$fault"
done
check WITHOUT_CONSTRAINT found booking -DCRASHES=0 -DLOSSES=0 -DNO_HAND -DWITHOUT_CONSTRAINT

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
