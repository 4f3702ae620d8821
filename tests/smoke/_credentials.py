# SPDX-License-Identifier: BSD-3-Clause
"""Certificates and users for a run of a test, made with openssl and written into its folder."""
import ssl
import subprocess

from _lib import FOLDER, expect_equal, roadside

PASSWORD = "open sesame"
# What crypt(3) makes of PASSWORD with yescrypt at its cheapest: checking it shall not be what a test waits for.
YESCRYPT = "$y$j75$saltsaltsalt$/t.p6VFaMssrvW9hjFBIPSCdXaaCzdMD9V8t0nx8fL."


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    expect_equal(done.returncode, 0, f"openssl {' '.join(arguments)}: {done.stderr}")


def not_after(path):
    """When the certificate in that file ends, seconds since 1970."""
    done = subprocess.run(["openssl", "x509", "-in", str(path), "-noout", "-enddate"], capture_output=True, text=True, check=True)
    return ssl.cert_time_to_seconds(done.stdout.strip().removeprefix("notAfter="))


def next_update(path):
    """When the revocation list in that file ends, seconds since 1970."""
    done = subprocess.run(["openssl", "crl", "-in", str(path), "-noout", "-nextupdate"], capture_output=True, text=True, check=True)
    return ssl.cert_time_to_seconds(done.stdout.strip().removeprefix("nextUpdate="))


def certificate(name, authority=None, *extensions, days=2):
    """A key and a certificate of that common name, of an authority (also made by this) or an authority itself: (certificate, key), paths."""
    pem, key = FOLDER / f"{name}.pem", FOLDER / f"{name}.key"
    signed = ["-CA", authority[0], "-CAkey", authority[1]] if authority else []
    kind = "critical,CA:FALSE" if authority else "critical,CA:TRUE"
    more = [word for text in (f"basicConstraints={kind}", *extensions) for word in ("-addext", text)]
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", str(days), "-subj", f"/CN={name}",
            "-keyout", str(key), "-out", str(pem), *signed, *more)
    return str(pem), str(key)


def server(authority, name="appliance", days=2):
    return certificate(name, authority, f"subjectAltName=IP:{roadside.APPLIANCE},IP:{roadside.APPLIANCE6}", days=days)


def revoke_nobody(name, authority):
    """An empty revocation list of that authority: path."""
    path, database = FOLDER / f"{name}.pem", FOLDER / f"{name}.database"
    database.touch()
    settings = FOLDER / f"{name}.cnf"
    settings.write_text(f"[ca]\ndefault_ca = a\n[a]\ndatabase = {database}\ndefault_md = sha256\ndefault_crl_days = 2\n")
    openssl("ca", "-config", str(settings), "-gencrl", "-cert", str(FOLDER / f"{authority}.pem"), "-keyfile",
            str(FOLDER / f"{authority}.key"), "-out", str(path))
    return str(path)


def secret(name, text):
    """A file as turnpiked wants those with secrets: the group may read it, others may not. Its path."""
    path = FOLDER / name
    path.write_text(text)
    path.chmod(0o640)
    return path


def users(names, name="users"):
    """A file in which each of them has PASSWORD."""
    return str(secret(name, "".join(f"{user}:{YESCRYPT}\n" for user in names)))


def revocation_list(authority, *revoked, days=2):
    """Of an authority, with these certificates on it; the path."""
    index, out, conf = FOLDER / "index.txt", FOLDER / "crl.pem", FOLDER / "ca.conf"
    index.write_text("")
    conf.write_text(f"[ca]\ndefault_ca=it\n[it]\ndatabase={index}\ncertificate={authority[0]}\nprivate_key={authority[1]}\ndefault_md=sha256\n"
                    f"default_crl_days={days}\n")
    for certificate, _ in revoked:
        openssl("ca", "-config", str(conf), "-revoke", certificate)
    openssl("ca", "-config", str(conf), "-gencrl", "-out", str(out))
    return str(out)
