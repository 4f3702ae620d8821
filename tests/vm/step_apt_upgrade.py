# SPDX-License-Identifier: BSD-3-Clause
"""Step: a later version of the package comes by apt alone, without upgrade.yml, while MQTT clients publish."""
import json
import subprocess

from bed import FOLDER, expect, expect_equal, repacked, under_traffic


def into_guest(bed, path):
    with open(path, "rb") as file:
        subprocess.run(["ssh", *bed.guest.ssh_options(), "root@127.0.0.1", f"cat >/var/tmp/{path.name}"], stdin=file, check=True, timeout=120)
    return f"/var/tmp/{path.name}"


def apt_upgrade_loses_nothing(bed):
    new, version = repacked(bed.package, "+apt", FOLDER)
    there, before = into_guest(bed, new), bed.guest.ssh("sha256sum /etc/turnpike/turnpike.yaml")
    bed.guest.ssh("rm -f /var/lib/turnpike/books.json")
    under_traffic(bed, "apt", lambda: bed.guest.ssh(f"DEBIAN_FRONTEND=noninteractive apt-get -q -y install {there} 2>&1", limit=600))
    expect_equal(bed.guest.ssh("dpkg-query -W -f '${Version} ' turnpike; systemctl is-active turnpike; sha256sum /etc/turnpike/turnpike.yaml").split("\n"),
                 [f"{version} active", before], "version, service, configuration")
    expect(json.loads(bed.guest.ssh("cat /var/lib/turnpike/books.json"))["balanced"], "the books that the version before wrote at its end do not balance")
