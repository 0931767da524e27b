//! Handshakes and key files.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use expect_test::{Expect, expect};
use lienthong::clock::UnixMillis;
use lienthong::sandbox::error::told;
use lienthong::tls::{Acceptor, Peer};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::pki::{Authority, Pair};
use crate::client::Identity;

/// One connection with `identity`: who the server says it is, or why there is none.
async fn shake(server: Acceptor, identity: &Identity) -> Result<Peer, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("a bound socket has an address");
    let url = format!("https://{address}").parse().expect("an address is a URL");
    let client = async {
        // TLS 1.3: a client learns of a refusal of its certificate when it reads.
        let mut stream = identity.connect(&url, b"h2").await?;
        stream.read(&mut [0]).await
    };
    let accepting = async {
        let (stream, _) = listener.accept().await.expect("the client connects");
        let accepted = server.accept(stream).await;
        accepted.map(|(_, peer)| peer).map_err(|error| told(&error))
    };
    let (peer, _): (_, io::Result<usize>) = tokio::join!(accepting, client);
    peer
}

fn shown(authority: &Authority, pair: Option<Pair>) -> Identity {
    Identity { ca: authority.certificate(), pair: pair.map(|pair| (pair.certificate, pair.key)) }
}

#[tokio::test]
async fn a_certificate_of_a_trusted_issuer_proves_its_holder() {
    let authority = Authority::new();
    let peer = shake(authority.acceptor(&["h2"]), &shown(&authority, Some(authority.pair("portal")))).await;
    let peer = peer.expect("the handshake succeeds");
    assert_eq!(peer.certificate().subject, "CN=portal");
    assert_eq!(peer.certificate().issuer, "CN=test CA");
}

#[tokio::test]
async fn nobody_and_strangers_and_expired_certificates_are_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    let check = async |pair: Option<Pair>, expected: Expect| {
        let refused = shake(authority.acceptor(&["h2"]), &shown(&authority, pair)).await;
        let refused = refused.expect_err("a connection was made");
        // The clock's time follows.
        expected.assert_eq(refused.split(": verification time").next().expect("a first part"));
    };
    check(None, expect!["the handshake failed: peer sent no certificates"]).await;
    // An issuer of the same name, with another key.
    check(Some(other.pair("portal")), expect!["the handshake failed: invalid peer certificate: BadSignature"]).await;
    check(
        Some(authority.pair_valid("old", (2020, 2021))),
        expect!["the handshake failed: invalid peer certificate: certificate expired"],
    )
    .await;
    check(
        Some(authority.pair_valid("early", (2059, 2060))),
        expect!["the handshake failed: invalid peer certificate: certificate not valid yet"],
    )
    .await;
}

#[tokio::test]
async fn both_tls_versions_are_spoken_and_no_session_is_resumed() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        check_version(version).await;
    }
}

/// Two connections with one client, which would resume if it could.
async fn check_version(version: &'static SupportedProtocolVersion) {
    let authority = Authority::new();
    let config = client_config(&authority, version);
    let acceptor = authority.acceptor(&["h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("a bound socket has an address");
    for _ in 0..2 {
        let client = async {
            let stream = TcpStream::connect(address).await.expect("the server listens");
            let name = ServerName::try_from("localhost").expect("a name");
            let mut stream = TlsConnector::from(config.clone()).connect(name, stream).await.expect("a handshake");
            // Tickets would come before the end of the stream.
            _ = stream.read(&mut [0]).await;
            let connection = stream.get_ref().1;
            (connection.protocol_version(), connection.handshake_kind())
        };
        let accepting = async {
            let (stream, _) = listener.accept().await.expect("the client connects");
            acceptor.accept(stream).await.map(drop)
        };
        let (accepted, (spoken, kind)) = tokio::join!(accepting, client);
        accepted.expect("the handshake succeeds");
        assert_eq!(spoken, Some(version.version));
        assert_ne!(kind, Some(rustls::HandshakeKind::Resumed));
    }
}

fn client_config(authority: &Authority, version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = |file| CertificateDer::from_pem_file(file).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate(authority.certificate())).expect("a CA");
    let pair = authority.pair("portal");
    let key = PrivateKeyDer::from_pem_file(&pair.key).expect("a key");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .expect("the version is supported")
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate(pair.certificate)], key);
    Arc::new(config.expect("key and certificate fit"))
}

fn check_files(pair: &Pair, now: &str, expected: Expect) {
    let now: jiff::Timestamp = now.parse().expect("a moment");
    let (identity, problems) = pair.load(UnixMillis(now.as_millisecond()));
    expected.assert_eq(&problems);
    assert!(identity.is_some() || problems.contains(" error: "), "refused without a word");
}

#[test]
fn key_files_are_read_with_all_their_problems() {
    let authority = Authority::new();
    let now = "2026-11-01T00:00:00Z";
    check_files(&authority.pair("good"), now, expect![""]);
    check_files(
        &authority.pair_valid("old", (2020, 2026)),
        now,
        expect![[r#"
        old.crt: error: the certificate expired 304 days ago
            remedy: renew it
    "#]],
    );
    check_files(
        &authority.pair_valid("early", (2027, 2028)),
        now,
        expect![[r#"
        early.crt: error: the certificate is not valid yet
            remedy: check its dates and this machine's clock
    "#]],
    );
    check_files(
        &authority.pair_valid("soon", (2020, 2027)),
        "2026-12-03T00:00:00Z",
        expect![[r#"
        soon.crt: warning: the certificate expires in 29 days
            remedy: renew it
    "#]],
    );
    check_files(&authority.pair_valid("in-time", (2020, 2027)), "2026-12-02T00:00:00Z", expect![""]);

    let missing = Pair { certificate: authority.certificate().with_file_name("no.crt"), key: "no.key".into() };
    check_files(
        &missing,
        now,
        expect![[r#"
        no.crt: error: no certificate: I/O error: No such file or directory (os error 2)
            remedy: name a PEM file of certificates
        no.key: error: no private key: I/O error: No such file or directory (os error 2)
            remedy: name a PKCS#8 PEM key file
    "#]],
    );
    let pair = authority.pair("swapped");
    let swapped = Pair { certificate: authority.pair("other").certificate, key: pair.key };
    check_files(
        &swapped,
        now,
        expect![[r#"
        swapped.key: error: the key is not that of other.crt
            remedy: name the key that the certificate was made for
    "#]],
    );
    let text = authority.pair("text");
    fs::write(&text.certificate, "no PEM").expect("a file can be written");
    fs::write(&text.key, "no PEM").expect("a file can be written");
    check_files(
        &text,
        now,
        expect![[r#"
        text.crt: error: holds no certificate
            remedy: name a PEM file of certificates
        text.key: error: no private key: no items found
            remedy: name a PKCS#8 PEM key file
    "#]],
    );
    let open = authority.pair("open");
    fs::set_permissions(&open.key, fs::Permissions::from_mode(0o644)).expect("permissions can be set");
    check_files(
        &open,
        now,
        expect![[r#"
        open.key: warning: the private key can be read by other users of this machine
            remedy: chmod 600 open.key
    "#]],
    );
}
