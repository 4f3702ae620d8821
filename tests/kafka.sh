#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A real Apache Kafka for tests and the demo, without containers: one node, or as many as TP_KAFKA_NODES says. The first one is also the controller.
#
#   tests/kafka.sh fetch          download the jars into the cache, once
#   tests/kafka.sh start [DIR]    start a broker on free ports of 127.0.0.1; its files live in DIR (default build/kafka)
#   tests/kafka.sh up DIR NODE    start a node that has ended once more, where it was and with the data it had; its process is in DIR/NODE/pid
#   tests/kafka.sh down DIR NODE  end a node; its data stay
#   tests/kafka.sh env [DIR]      print TP_KAFKA=host:port of the broker started in DIR
#   tests/kafka.sh stop [DIR]     stop it and remove DIR
#   tests/kafka.sh run COMMAND... start one, run COMMAND with TP_KAFKA set, stop it
#
# A guest of this machine sees it under another address: with TP_KAFKA_GUEST=ADDRESS each node listens on a second port for guests and tells
# them that address; DIR/guest is what they start from. TP_KAFKA_PROPERTIES: further lines of server.properties.
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

# Below those that the kernel gives to clients: who connects to a node that is not there yet must not get its port.
free_ports() { # how many
	python3 -c '
import contextlib, random, socket, sys
with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
    first = int(file.read().split()[0])
held, wanted = [], int(sys.argv[1])
for port in random.sample(range(max(first // 2, 1024), first), 200) if first > 4096 else []:
    with contextlib.suppress(OSError):
        if len(held) < wanted:
            held.append(socket.create_server(("127.0.0.1", port)))
while len(held) < wanted:
    held.append(socket.create_server(("127.0.0.1", 0)))
print(*(s.getsockname()[1] for s in held))' "$1"
}

properties() { # dir, node, its port, port of the controller, port for guests
	local roles=broker listeners=PLAINTEXT://127.0.0.1:$3 guest=
	if [ "$2" = 1 ]; then
		roles=broker,controller
		listeners+=,CONTROLLER://127.0.0.1:$4
	fi
	if [ -n "${TP_KAFKA_GUEST:-}" ]; then
		listeners+=,GUEST://127.0.0.1:$5
		guest=,GUEST://$TP_KAFKA_GUEST:$5
	fi
	cat <<-EOF
		process.roles=$roles
		node.id=$2
		controller.quorum.voters=1@127.0.0.1:$4
		listeners=$listeners
		advertised.listeners=PLAINTEXT://127.0.0.1:$3$guest
		controller.listener.names=CONTROLLER
		inter.broker.listener.name=PLAINTEXT
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,GUEST:PLAINTEXT
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
		${TP_KAFKA_PROPERTIES:-}
	EOF
}

format() { # dir of the node
	java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$libs/*" kafka.tools.StorageTool format -t "$cluster" \
		-c "$1/server.properties" >"$1/format.log" 2>&1 || { cat "$1/format.log" >&2; return 1; }
}

launch() { # dir of the node
	setsid java "-Xms256m" "-Xmx${TP_KAFKA_HEAP:-640m}" -cp "$libs/*" kafka.Kafka "$1/server.properties" \
		>>"$1/broker.log" 2>&1 </dev/null &
	echo $! >"$1/pid"
}

# A node has come up when it answers, and says that as many nodes are there.
answers() { [ "$(kcat -b "$1" -L -m 10 2>/dev/null | grep -c '^  broker ')" -ge "$2" ]; }

await() { # dir of the node, how many nodes it shall know of
	local deadline=$((SECONDS + 300))
	until answers "$(cat "$1/address")" "$2"; do
		if ! kill -0 "$(cat "$1/pid")" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
			tail -n 20 "$1/broker.log" >&2
			say "node ${1##*/} did not come up"
			return 1
		fi
		sleep 0.2
	done
}

start() {
	local dir=$1 nodes=${TP_KAFKA_NODES:-1} ports node
	need kcat
	fetch
	if [ -e "$dir/1/pid" ] && kill -0 "$(cat "$dir/1/pid")" 2>/dev/null; then
		say "already running: $(cat "$dir/bootstrap")"
		return
	fi
	rm -rf "$dir"
	read -ra ports <<<"$(free_ports $((2 * nodes + 1)))"
	export KAFKA_OPTS=
	for node in $(seq "$nodes"); do
		mkdir -p "$dir/$node"
		echo "127.0.0.1:${ports[node]}" >"$dir/$node/address"
		properties "$dir/$node" "$node" "${ports[node]}" "${ports[0]}" "${ports[nodes + node]}" >"$dir/$node/server.properties"
		echo "${TP_KAFKA_GUEST:-}:${ports[nodes + node]}" >"$dir/$node/guest"
		format "$dir/$node"
		launch "$dir/$node"
	done
	for node in $(seq "$nodes"); do
		await "$dir/$node" "$nodes" || { stop "$dir"; return 1; }
	done
	cat "$dir"/*/address | paste -sd, >"$dir/bootstrap"
	[ -z "${TP_KAFKA_GUEST:-}" ] || cat "$dir"/[0-9]*/guest | paste -sd, >"$dir/guest"
	say "ready on $(cat "$dir/bootstrap")"
}

up() {
	launch "$1"
	await "$1" 1
}

end() { # dir of the node
	local pid n=0
	pid=$(cat "$1/pid")
	kill "$pid" 2>/dev/null || true
	kill -CONT "$pid" 2>/dev/null || true
	while kill -0 "$pid" 2>/dev/null; do
		n=$((n + 1))
		[ $n -ne 100 ] || kill -9 "$pid" 2>/dev/null || true
		sleep 0.1
	done
}

# The controller last: the others say good-bye to it.
stop() {
	local node
	for node in $(find "$1" -mindepth 2 -maxdepth 2 -name pid -printf '%h\n' 2>/dev/null | sort -r); do
		end "$node"
	done
	rm -rf "$1"
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
up) up "$dir/$3" ;;
down) end "$dir/$3" ;;
stop) stop "$dir" ;;
env) echo "TP_KAFKA=$(cat "$dir/bootstrap")" ;;
run)
	shift
	run "$@"
	;;
*)
	sed -n '3,17s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
