#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A real single-node Apache Kafka for tests and the demo, without containers.
#
#   tests/kafka.sh fetch          download the jars into the cache, once
#   tests/kafka.sh start [DIR]    start a broker on free ports of 127.0.0.1; its files live in DIR (default build/kafka)
#   tests/kafka.sh env [DIR]      print TP_KAFKA=host:port of the broker started in DIR
#   tests/kafka.sh stop [DIR]     stop it and remove DIR
#   tests/kafka.sh run COMMAND... start one, run COMMAND with TP_KAFKA set, stop it
#
# Cache: $TURNPIKE_CACHE, else ~/.cache/turnpike. Heap: $TP_KAFKA_HEAP, else 640m. Exit status 77: no Java or no Maven here.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
cache=${TURNPIKE_CACHE:-${HOME:-/root}/.cache/turnpike}
libs=$cache/kafka-$(sha256sum "$top/deps/kafka.xml" | cut -c1-12)
cluster=dHVybnBpa2Uta2Fma2EtMQ

say() { echo "kafka: $*" >&2; }

need() {
	command -v "$1" >/dev/null && return
	say "'$1' is not installed: make deps"
	exit 77
}

# Shows how many files Maven has fetched so far, every two seconds, until the process $1 ends.
progress() {
	local n=0
	while kill -0 "$1" 2>/dev/null; do
		n=$((n + 1))
		[ $((n % 10)) -ne 0 ] || say "downloading: $(grep -c '^\[INFO\] Downloaded\|^Downloaded' "$2" || true) files"
		sleep 0.2
	done
}

fetch() {
	local log part
	need java
	[ -e "$libs/complete" ] && return
	need mvn
	mkdir -p "$cache"
	part=$(mktemp -d "$cache/part.XXXXXX")
	log=$part/maven.log
	say "downloading Apache Kafka (about 55 MB, once) into $libs"
	mvn -B -f "$top/deps/kafka.xml" dependency:copy-dependencies "-DoutputDirectory=$part" >"$log" 2>&1 &
	progress $! "$log"
	if ! wait $!; then
		tail -n 20 "$log" >&2
		say "download failed"
		rm -rf "$part"
		exit 1
	fi
	touch "$part/complete"
	rm -rf "$libs"
	mv "$part" "$libs"
	say "$(find "$libs" -name '*.jar' | wc -l) jars, $(du -sh "$libs" | cut -f1)"
}

free_ports() {
	python3 -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in held))'
}

properties() { # dir, client port, controller port
	cat <<-EOF
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@127.0.0.1:$3
		listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
		advertised.listeners=PLAINTEXT://127.0.0.1:$2
		controller.listener.names=CONTROLLER
		inter.broker.listener.name=PLAINTEXT
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
		log.dirs=$1/data
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=1
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		group.initial.rebalance.delay.ms=0
		auto.create.topics.enable=${TP_KAFKA_AUTO_CREATE:-false}
		num.partitions=1
		log.cleaner.enable=false
		message.max.bytes=4194304
	EOF
}

answers() { kcat -b "$1" -L -m 1 >/dev/null 2>&1; }

start() {
	local dir=$1 ports pid deadline
	need kcat
	fetch
	if [ -e "$dir/pid" ] && kill -0 "$(cat "$dir/pid")" 2>/dev/null; then
		say "already running: $(cat "$dir/bootstrap")"
		return
	fi
	rm -rf "$dir"
	mkdir -p "$dir"
	ports=$(free_ports)
	properties "$dir" $ports >"$dir/server.properties"
	export KAFKA_OPTS=
	java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$libs/*" kafka.tools.StorageTool format -t "$cluster" \
		-c "$dir/server.properties" >"$dir/format.log" 2>&1 || { cat "$dir/format.log" >&2; return 1; }
	setsid java "-Xms256m" "-Xmx${TP_KAFKA_HEAP:-640m}" -cp "$libs/*" kafka.Kafka "$dir/server.properties" \
		>"$dir/broker.log" 2>&1 </dev/null &
	pid=$!
	echo "$pid" >"$dir/pid"
	echo "127.0.0.1:${ports% *}" >"$dir/bootstrap"
	deadline=$((SECONDS + 90))
	until answers "$(cat "$dir/bootstrap")"; do
		if ! kill -0 "$pid" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
			tail -n 20 "$dir/broker.log" >&2
			say "the broker did not come up"
			stop "$dir"
			return 1
		fi
		sleep 0.2
	done
	say "ready on $(cat "$dir/bootstrap")"
}

stop() {
	local dir=$1 pid n=0
	[ -e "$dir/pid" ] || return 0
	pid=$(cat "$dir/pid")
	kill "$pid" 2>/dev/null || true
	while kill -0 "$pid" 2>/dev/null; do
		n=$((n + 1))
		[ $n -ne 100 ] || kill -9 "$pid" 2>/dev/null || true
		sleep 0.1
	done
	rm -rf "$dir"
}

run() {
	local dir status=0
	dir=$(mktemp -d "${TMPDIR:-/tmp}/turnpike-kafka.XXXXXX")
	trap 'stop "$dir/broker"; rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM
	start "$dir/broker"
	TP_KAFKA=$(cat "$dir/broker/bootstrap") "$@" || status=$?
	exit $status
}

dir=${2:-$top/build/kafka}
case ${1:-} in
fetch) fetch ;;
start) start "$dir" ;;
stop) stop "$dir" ;;
env) echo "TP_KAFKA=$(cat "$dir/bootstrap")" ;;
run)
	shift
	run "$@"
	;;
*)
	sed -n '3,12s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
