# SPDX-License-Identifier: BSD-3-Clause
"""Steps: a later version of the package comes by apt alone, without upgrade.yml, while MQTT clients publish; and the package is removed and comes back."""
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


def apt_remove_stops_the_service(bed):
    """And leaves what the administrator wrote: the package that comes back finds configuration and unit as they were."""
    there, kept = bed.guest.ssh("ls /var/tmp/turnpike_*+apt*.deb"), "sha256sum /etc/turnpike/turnpike.yaml; systemctl is-enabled turnpike"
    before = bed.guest.ssh(kept)
    bed.guest.ssh("rm -f /var/lib/turnpike/books.json; DEBIAN_FRONTEND=noninteractive apt-get -q -y remove turnpike 2>&1", limit=600)
    expect_equal(bed.guest.ssh("pgrep -c -x turnpiked; systemctl is-active turnpike", check=False).split(), ["0", "inactive"], "processes, service")
    expect(json.loads(bed.guest.ssh("cat /var/lib/turnpike/books.json"))["balanced"], "the books that turnpiked wrote at its end do not balance")
    bed.guest.ssh(f"DEBIAN_FRONTEND=noninteractive apt-get -q -y install {there} 2>&1", limit=600)
    expect_equal(bed.guest.ssh(kept), before, "configuration, and whether the service starts with the machine")
    bed.guest.ssh("systemctl start turnpike", limit=300)
    bed.expect_plates(bed.send_plates("RM"))
