//! Handshakes and key files.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use expect_test::{Expect, expect};
use lienthong::clock::UnixMillis;
use lienthong::pki::{Trust, Untrusted};
use lienthong::sandbox::error::told;
use lienthong::tls::{self, Acceptor, Connector, Peer, Stream};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

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
        expected.assert_eq(&refused);
    };
    check(None, expect!["the handshake failed: peer sent no certificates"]).await;
    // An issuer of the same name, with another key.
    check(Some(other.pair("portal")), expect!["the handshake failed: invalid peer certificate: BadSignature"]).await;
    check(
        Some(authority.pair_valid("old", (2020, 2021))),
        expect!["the handshake failed: invalid peer certificate: Expired"],
    )
    .await;
    check(
        Some(authority.pair_valid("early", (2059, 2060))),
        expect!["the handshake failed: invalid peer certificate: NotValidYet"],
    )
    .await;
}

#[test]
fn every_suite_has_forward_secrecy_and_authenticated_encryption() {
    let names: Vec<String> = tls::suites().iter().map(|suite| format!("{:?}", suite.suite())).collect();
    expect![[r#"
        TLS13_AES_256_GCM_SHA384
        TLS13_AES_128_GCM_SHA256
        TLS13_CHACHA20_POLY1305_SHA256
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"#]]
    .assert_eq(&names.join("\n"));
}

/// A server and a client that remembers its sessions.
struct Ends {
    acceptor: Acceptor,
    client: TlsConnector,
    listener: TcpListener,
}

impl Ends {
    async fn new(acceptor: Acceptor, config: Arc<ClientConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        Self { acceptor, client: TlsConnector::from(config), listener }
    }

    /// One connection from end to end: what the server says, and what the client saw.
    async fn connect(&self) -> (Result<(Stream, Peer), String>, io::Result<TlsStream<TcpStream>>) {
        let address = self.listener.local_addr().expect("a bound socket has an address");
        let client = async {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("localhost").expect("a name");
            let mut stream = self.client.connect(name, stream).await?;
            // Tickets and refusals come before the first byte.
            stream.read_exact(&mut [0]).await?;
            Ok(stream)
        };
        let accepting = async {
            let (stream, _) = self.listener.accept().await.expect("the client connects");
            let (mut stream, peer) = self.acceptor.accept(stream).await.map_err(|error| told(&error))?;
            stream.write_all(b"!").await.map_err(|error| error.to_string())?;
            stream.flush().await.map_err(|error| error.to_string())?;
            Ok((stream, peer))
        };
        tokio::join!(accepting, client)
    }

    /// What the client says of a connection that is made: its version, and whether it was resumed.
    async fn shake(&self) -> (ProtocolVersion, HandshakeKind) {
        let (accepted, connected) = self.connect().await;
        accepted.expect("the handshake succeeds");
        let connected = connected.expect("the handshake succeeds");
        let connection = connected.get_ref().1;
        (connection.protocol_version().expect("a version"), connection.handshake_kind().expect("a kind"))
    }
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[tokio::test]
async fn both_tls_versions_are_spoken_and_sessions_are_resumed_until_the_keys_are_replaced() {
    for version in VERSIONS {
        let authority = Authority::new();
        let acceptor = authority.acceptor(&["h2"]);
        let ends = Ends::new(acceptor.clone(), client_config(&authority, version)).await;
        let (spoken, first) = ends.shake().await;
        assert_eq!(spoken, version.version);
        assert_ne!(first, HandshakeKind::Resumed);
        assert_eq!(ends.shake().await.1, HandshakeKind::Resumed);
        acceptor.replace_with(&authority.acceptor(&["h2"]));
        assert_ne!(ends.shake().await.1, HandshakeKind::Resumed, "a session of before");
        assert_eq!(ends.shake().await.1, HandshakeKind::Resumed);
    }
}

#[tokio::test]
async fn no_session_outlives_the_revocation_of_its_certificate() {
    for version in VERSIONS {
        let authority = Authority::new();
        let acceptor = authority.acceptor(&["h2"]);
        let ends = Ends::new(acceptor.clone(), client_config(&authority, version)).await;
        ends.shake().await;
        assert_eq!(ends.shake().await.1, HandshakeKind::Resumed);
        let pair = Pair { certificate: authority.path("portal.crt"), key: authority.path("portal.key") };
        let without = Acceptor::new(&authority.pair("server").identity(), &authority.trust_without(&[&pair]), &["h2"]);
        acceptor.replace_with(&without.expect("usable"));
        for _ in 0..2 {
            let (accepted, connected) = ends.connect().await;
            expect!["the handshake failed: invalid peer certificate: Revoked"]
                .assert_eq(&accepted.expect_err("a connection was made"));
            let refused = connected.expect_err("a connection was made").to_string();
            assert!(refused.contains("CertificateRevoked"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_live_connection_reads_nothing_more_of_a_peer_that_is_revoked() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["h2"]);
    let ends = Ends::new(acceptor.clone(), client_config(&authority, &rustls::version::TLS13)).await;
    let (accepted, connected) = ends.connect().await;
    let ((mut server, peer), mut client) = (accepted.expect("made"), connected.expect("made"));
    let identity = authority.pair("server").identity();
    let replace = |trust: &Trust| {
        acceptor.replace_with(&Acceptor::new(&identity, trust, &["h2"]).expect("usable"));
    };
    // A list that takes back somebody else changes nothing.
    replace(&authority.trust_without(&[&authority.pair("other")]));
    client.write_all(b"a").await.expect("written");
    assert_eq!(server.read_u8().await.expect("read"), b'a');
    peer.check().expect("trusted");
    let pair = Pair { certificate: authority.path("portal.crt"), key: authority.path("portal.key") };
    replace(&authority.trust_without(&[&pair]));
    client.write_all(b"b").await.expect("written");
    let refused = server.read_u8().await.expect_err("a byte was read");
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(peer.check(), Err(Untrusted::Revoked));
    // Nor of one whose authority is no anchor any more.
    replace(&Authority::new().trust());
    assert_eq!(peer.check(), Err(Untrusted::BadSignature));
    replace(&authority.trust());
    peer.check().expect("trusted again");
}

#[tokio::test]
async fn a_connector_refuses_a_server_that_is_revoked_and_makes_new_connections_by_new_keys() {
    let authority = Authority::new();
    let server = authority.pair("server");
    let acceptor = Acceptor::new(&server.identity(), &authority.trust(), &["h2"]).expect("usable");
    let connector = authority.connector(&["h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    let connect = async || {
        let name = ServerName::try_from("localhost").expect("a name");
        let accepting = async {
            let (stream, _) = listener.accept().await.expect("the client connects");
            acceptor.accept(stream).await.map(|(_, peer)| peer.certificate().subject.clone())
        };
        let (accepted, connected) = tokio::join!(accepting, connector.connect("127.0.0.1", port, name));
        connected.map_err(|error| told(&error)).map(|_| accepted.expect("accepted"))
    };
    assert_eq!(connect().await.as_deref(), Ok("CN=client"));
    let renewed = authority.pair("renewed").identity();
    connector.replace_with(&Connector::new(&renewed, &authority.trust(), &["h2"]).expect("usable"));
    assert_eq!(connect().await.as_deref(), Ok("CN=renewed"));
    let without = authority.trust_without(&[&server]);
    connector.replace_with(&Connector::new(&renewed, &without, &["h2"]).expect("usable"));
    expect!["the handshake failed: invalid peer certificate: Revoked"]
        .assert_eq(&connect().await.expect_err("connected"));
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
        open.key: error: the private key is open to every user of this machine
            remedy: chmod 600 open.key
    "#]],
    );
}
