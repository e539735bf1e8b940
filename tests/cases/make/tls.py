"""TLS as OpenSSL speaks it: nginx and HAProxy with certificates that openssl made, and CPython's ssl before the faulty upstream."""

import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile

import harness
import nginx
import upstream


def software():
    return "OpenSSL " + harness.version_of("openssl", "version")


def certify(directory, name, days=("-days", "3650")):
    """A self-signed certificate for this subject alternative name: the paths of certificate and key."""
    stem = directory / name.replace(":", "-").replace(".", "-")
    certificate, key = f"{stem}.pem", f"{stem}.key"
    subject = ["-subj", "/CN=cases", "-addext", f"subjectAltName={name}", "-addext", "basicConstraints=critical,CA:FALSE"]
    kind = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run(["openssl", *kind, *days, *subject, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def expired(directory):
    """A certificate that was valid for a day, years ago: openssl ca takes dates where req takes only days from now."""
    certificate, key = certify(directory, "IP:127.0.0.2")
    (directory / "index").write_text("")
    (directory / "serial").write_text("01\n")
    (directory / "ca.conf").write_text(
        f"[ca]\ndefault_ca=own\n[own]\nnew_certs_dir={directory}\ndatabase={directory}/index\nserial={directory}/serial\n"
        "default_md=sha256\npolicy=any\nx509_extensions=leaf\n[any]\ncommonName=supplied\n"
        "[leaf]\nsubjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n"
    )
    request, out = directory / "request.pem", directory / "expired.pem"
    subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=cases", "-out", request], check=True, capture_output=True)
    dates = ["-startdate", "20210101000000Z", "-enddate", "20210102000000Z"]
    sign = ["openssl", "ca", "-batch", "-selfsign", "-config", directory / "ca.conf", "-keyfile", key, "-in", request, "-out", out]
    subprocess.run([*sign, *dates], check=True, capture_output=True)
    return str(out), key


def over_tls(make, pair, directives):
    for file in pair:
        pathlib.Path(file).chmod(0o644)
    head = f"ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};"
    server = nginx.nginx(make, f"{head} {directives} location / {{ proxy_pass http://127.0.0.1:<upstream>; }}", listen="ssl")
    return f"https://127.0.0.1:{server.port}"


def cases(make):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cases-tls-"))
    directory.chmod(0o755)
    try:
        make_all(make, directory)
    finally:
        shutil.rmtree(directory)


def make_all(make, directory):
    good = certify(directory, "IP:127.0.0.1")
    trusted = ["--cacert", good[0]]
    for version in ("TLSv1.2", "TLSv1.3"):
        server = over_tls(make, good, f"ssl_protocols {version};")
        rows = [("whole.chinese", "", "nginx passes it on over TLS"), ("chunked-stream", "", "nginx passes it on over TLS")]
        make.sweep(server, rows, version[3:].replace("v", ""), away=trusted)
    rows = [("cut", "cut-by-close json-cut", "nginx ends TLS with close_notify"), ("undeclared-cut-stream", "stream-without-finish", "nginx frames it anew")]
    make.sweep(server, rows, away=trusted)
    make.case("self-signed", "issuer-unknown", "Nobody vouches for the certificate.", server, "whole")
    make.case("insecure", "", "Nobody vouches for the certificate, and the caller did not want to know.", server, "whole", away=["--insecure"])
    other = certify(directory, "DNS:api.example.com")
    make.case("wrong-name", "name-mismatch", "The certificate is for another name.", over_tls(make, other, ""), "whole", away=["--cacert", other[0]])
    old = expired(directory)
    make.case("expired", "certificate-expired", "The certificate was valid for one day of 2021.", over_tls(make, old, ""), "whole", away=["--cacert", old[0]])
    plain = server.replace("https", "http")
    make.case("plain-to-tls", "plain-http-on-tls-port", "nginx tells that plain HTTP came to its TLS port: 400.", plain, "whole")
    words = "A server of plain HTTP was asked for TLS, and its answer is no TLS record."
    make.case("tls-to-plain", "plain-http-on-tls-port", words, nginx.proxy(make).url.replace("http", "https"), "whole")
    old_protocol = over_tls(make, good, "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;")
    make.case("old-protocol", "tls-handshake-failed", "nginx speaks TLS 1.1 only, which the client does not.", old_protocol, "whole", away=trusted)
    python(make, good, trusted)


class Ending:
    """A TLS connection whose orderly end says close_notify, or does not."""

    def __init__(self, context, connection, notifies):
        self.tls, self.notifies = context.wrap_socket(connection, server_side=True), notifies

    def __getattr__(self, name):
        return getattr(self.tls, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tls.close()

    def shutdown(self, how):
        if self.notifies:
            self.tls.unwrap()
        else:
            socket.socket.shutdown(self.tls, how)

    def recv(self, size):
        try:
            return self.tls.recv(size)
        except (ssl.SSLError, ValueError):
            return b""


def python(make, pair, trusted):
    """The faulty upstream itself, behind CPython's ssl."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)

    reason = "plain TCP has no close_notify to leave out"
    for notifies, rows in (
        (True, [("whole", "", "and says close_notify"), ("undeclared-cut", "json-cut", "and says close_notify, which is the end that HTTP expects")]),
        (
            False,
            [
                ("cut", "cut-without-tls-close json-cut", "without close_notify"),
                ("undeclared-cut", "cut-without-tls-close json-cut", "without close_notify"),
                ("undeclared-cut-stream", "cut-without-tls-close stream-without-finish", "without close_notify"),
                ("whole.chinese", "", "without close_notify, but the answer is whole by its length"),
                ("chunked-stream", "", "without close_notify, but the answer is whole by its chunks"),
            ],
        ),
    ):
        port = upstream.listen(wrap=lambda connection, notifies=notifies: Ending(context, connection, notifies))
        replay = {} if notifies else {"no_replay": reason}
        make.sweep(f"https://127.0.0.1:{port}", rows, "notified" if notifies else "unnotified", away=trusted, **replay)
