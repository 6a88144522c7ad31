#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# run.sh [BUILD]: the figures and plots of doc/congestion.md, from the incast simulation in BUILD
# (default: build). Writes CSV files to BUILD/sim and SVG plots to doc/images. gnuplot draws them; it
# is installed (Debian: gnuplot-nox) when it is missing and we may.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build}
out=$build/sim
incast=$build/test/sim/incast
images=$root/doc/images

[[ -x $incast ]] || { echo "run.sh: no $incast: run meson setup $build && ninja -C $build" >&2; exit 1; }
if ! command -v gnuplot >/dev/null; then
	apt-get install -y -qq gnuplot-nox >/dev/null ||
		{ echo "run.sh: install gnuplot (Debian: apt-get install gnuplot-nox)" >&2; exit 1; }
fi
mkdir -p "$out" "$images"

head="cc,senders,sessions,queue_mean,queue_max,goodput,jain,least,p50_us,p99_us,p999_us,ops,drops,retransmits,timeouts"
shapes=("64 1" "256 1" "64 4" "1 1")

# $1: name; $2: milliseconds that are not counted; $3: that are
figures() {
	echo "$head" >"$out/$1.csv"
	for shape in "${shapes[@]}"; do
		read -r senders sessions <<<"$shape"
		for cc in fixed swift; do
			"$incast" --cc "$cc" --senders "$senders" --sessions "$sessions" \
				--warmup-ms "$2" --ms "$3" --csv "$out/$1-$cc-$senders-$sessions.csv" \
				>>"$out/$1.csv"
		done
	done
}

figures start 0 20
figures steady 40 40

plot_time() { # file, title, column, unit, factor
	gnuplot <<-GNUPLOT
		set terminal svg size 720,360 dynamic background rgb "white" font "sans,12"
		set output "$images/$1"
		set datafile separator ","
		set title "$2"
		set xlabel "ms since all began to send"
		set ylabel "$4"
		set key right center
		set yrange [0:]
		set grid
		plot "$out/start-fixed-64-1.csv" using (\$1/1000):(\$$3*$5) every ::1 with lines lw 2 title "fixed, 64 senders", \\
			"$out/start-swift-64-1.csv" using (\$1/1000):(\$$3*$5) every ::1 with lines lw 2 title "swift, 64 senders", \\
			"$out/start-fixed-256-1.csv" using (\$1/1000):(\$$3*$5) every ::1 with lines lw 2 title "fixed, 256 senders", \\
			"$out/start-swift-256-1.csv" using (\$1/1000):(\$$3*$5) every ::1 with lines lw 2 title "swift, 256 senders"
	GNUPLOT
}

plot_time incast-queue.svg "Queue in front of the receiver (2 MiB, 25 Gb/s)" 2 "KiB" "(1.0/1024)"
plot_time incast-goodput.svg "Share of the line that carried frames for the first time" 3 "share" 1

gnuplot <<-GNUPLOT
	set terminal svg size 720,360 dynamic background rgb "white" font "sans,12"
	set output "$images/incast-latency.svg"
	set datafile separator ","
	set title "Time of an operation, steady state"
	set style data histogram
	set style fill solid 0.8 border -1
	set logscale y
	set ylabel "us"
	set grid y
	set key left top
	plot "$out/steady.csv" using 9:xtic(sprintf("%s %dx%d", stringcolumn(1), column(2), column(3))) every ::1 title "p50", \\
		"" using 10 every ::1 title "p99", "" using 11 every ::1 title "p99.9"
GNUPLOT
column -s, -t "$out/steady.csv"
