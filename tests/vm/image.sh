#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the disk of a bare Debian 12 machine from nothing: kernel, GRUB in the boot sector, systemd, sshd, Python.
#
#   tests/vm/image.sh           prints the folder that holds disk.raw and the ssh key `id`
#   tests/vm/image.sh --bare    the same, without the libraries
#
# Debian's libraries that the package depends on are there already, unless --bare: unpacking these 100 packages of DPDK's drivers and others takes
# an emulated machine longer than all the rest, and shows nothing about turnpike.
#
# No loop device is needed: mkfs.ext4 fills the file system from the tree, and GRUB is written where its boot sector expects it. The
# kernel's command line stands in /etc/default/grub as on a machine that was installed by hand, so a playbook can change it. The folder is
# in the cache ($TURNPIKE_CACHE, else ~/.cache/turnpike) under a hash of this recipe. Exit status 77: a program is missing, or this is not root.
set -euo pipefail
recipe=$(readlink -f "$0")
cache=${TURNPIKE_CACHE:-${HOME:-/root}/.cache/turnpike}
bare=${1:-}
image=$cache/vm-$(sha256sum "$recipe" | cut -c1-12)$bare
mirror=${TURNPIKE_DEBIAN_MIRROR:-http://deb.debian.org/debian}
size=4G
packages=(linux-image-amd64 init systemd-sysv udev kmod dbus initramfs-tools grub-pc-bin grub2-common openssh-server python3 python3-apt
	iproute2 iputils-ping procps ca-certificates zstd)
libraries=(librte-meta-bus librte-meta-mempool librte-meta-net librte-graph23 librdkafka1 libhyperscan5 libcyaml1 libargon2-1 libjemalloc2
	libpcap0.8 libxxhash0 libevent-2.1-7 libevent-openssl-2.1-7 libevent-pthreads-2.1-7 libjansson4 libbpf1 libxdp1 adduser)
[ "$bare" = --bare ] || packages+=("${libraries[@]}")

say() { echo "vm: $*" >&2; }

need() {
	[ "$(id -u)" -eq 0 ] || { say "the image is built as root"; exit 77; }
	local program
	for program in mmdebstrap mkfs.ext4 sfdisk ssh-keygen; do
		command -v "$program" >/dev/null || { say "'$program' is not installed: make deps"; exit 77; }
	done
}

# What an installer would have asked.
customize() { # tree
	mkdir -p "$1/etc/systemd/network" "$1/root/.ssh" "$1/boot/grub/i386-pc" "$1/etc/apt/apt.conf.d"
	echo appliance >"$1/etc/hostname"
	echo "127.0.0.1 localhost appliance" >"$1/etc/hosts"
	echo "nameserver 10.0.2.3" >"$1/etc/resolv.conf"
	echo "/dev/vda1 / ext4 errors=remount-ro 0 1" >"$1/etc/fstab"
	printf '[Match]\nMACAddress=52:54:00:00:00:01\n\n[Network]\nDHCP=ipv4\n' >"$1/etc/systemd/network/10-management.network"
	printf '[Match]\nMACAddress=52:54:00:00:01:02\n\n[Network]\nAddress=10.89.0.20/24\n' >"$1/etc/systemd/network/20-shared.network"
	cp "$2/id.pub" "$1/root/.ssh/authorized_keys"
	chmod 700 "$1/root/.ssh"
	# Without tsc=reliable an emulated machine falls back to a clock that costs microseconds a reading; without no_timer_check it panics where the
	# host has so much other work that no tick comes within the time of the kernel's test.
	cat >"$1/etc/default/grub" <<-'GRUB'
		GRUB_DEFAULT=0
		GRUB_TIMEOUT=0
		GRUB_DISTRIBUTOR=Debian
		GRUB_CMDLINE_LINUX_DEFAULT="quiet"
		GRUB_CMDLINE_LINUX="console=ttyS0 mitigations=off tsc=reliable no_timer_check"
		GRUB_TERMINAL=console
		GRUB_DISABLE_LINUX_UUID=true
	GRUB
	cat >"$1/boot/grub/grub.cfg" <<-'GRUB'
		set root=(hd0,msdos1)
		linux /vmlinuz root=/dev/vda1 ro console=ttyS0 mitigations=off tsc=reliable no_timer_check quiet
		initrd /initrd.img
		boot
	GRUB
	cp "$1"/usr/lib/grub/i386-pc/*.mod "$1"/usr/lib/grub/i386-pc/*.lst "$1/boot/grub/i386-pc/"
}

# The units are those a freshly installed machine has; those that would wake an emulated one are off.
settle() { # tree
	sed -i 's/^MODULES=.*/MODULES=list/' "$1/etc/initramfs-tools/initramfs.conf"
	printf '%s\n' virtio_pci virtio_blk ext4 >>"$1/etc/initramfs-tools/modules"
	chroot "$1" update-initramfs -u -k all >&2
	chroot "$1" systemctl -q enable systemd-networkd ssh
	chroot "$1" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer e2scrub_reap.service \
		systemd-networkd-wait-online.service
	chroot "$1" ssh-keygen -q -A
	# What apt would otherwise work out first of all.
	echo 'Acquire::Languages "none";' >"$1/etc/apt/apt.conf.d/50languages"
	rm -f "$1"/var/cache/apt/archives/*.deb
	chroot "$1" apt-cache gencaches
}

# GRUB's boot sector loads what follows it from sector 1 on, which is where grub-mkimage's core goes.
write_disk() { # tree, disk
	local core=$2.core
	chroot "$1" grub-mkimage -O i386-pc -p '(hd0,msdos1)/boot/grub' -o /tmp/core.img biosdisk part_msdos ext2 normal linux configfile search \
		search_fs_uuid echo test all_video gzio
	mv "$1/tmp/core.img" "$core"
	truncate -s "$size" "$2"
	echo "start=2048, type=83, bootable" | sfdisk -q "$2"
	mkfs.ext4 -q -F -E offset=1048576,lazy_itable_init=1,nodiscard -O ^metadata_csum_seed,^orphan_file -d "$1" "$2" \
		$(($(numfmt --from=iec "$size") / 1024 - 1024))k
	dd if="$1/usr/lib/grub/i386-pc/boot.img" of="$2" bs=440 count=1 conv=notrunc status=none
	dd if="$core" of="$2" bs=512 seek=1 conv=notrunc status=none
	[ "$(stat -c %s "$core")" -lt $((2047 * 512)) ] || { say "GRUB does not fit before the partition"; return 1; }
	rm "$core"
}

build() { # folder
	ssh-keygen -q -t ed25519 -N '' -C turnpike-vm -f "$1/id"
	say "building a bare Debian 12 (some minutes, once) in $image"
	mmdebstrap --quiet --mode=root --variant=minbase --components=main \
		--include="$(IFS=,; echo "${packages[*]}")" --aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' --skip=cleanup/apt --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' bookworm "$1/tree" \
		"deb $mirror bookworm main" "deb $mirror bookworm-updates main" "deb ${mirror%/debian}/debian-security bookworm-security main"
	customize "$1/tree" "$1"
	settle "$1/tree"
	write_disk "$1/tree" "$1/disk.raw"
	rm -rf "$1/tree"
	touch "$1/complete"
}

if [ ! -e "$image/complete" ]; then
	need
	mkdir -p "$cache"
	part=$(mktemp -d "$cache/part.XXXXXX")
	trap 'rm -rf "$part"' EXIT
	chmod 755 "$part"
	build "$part"
	rm -rf "$image"
	mv "$part" "$image"
fi
echo "$image"
