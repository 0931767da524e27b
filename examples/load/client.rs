//! The clients: HTTP/1.1 connections over mutual TLS, each sending the next request when the last is answered.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::party;
use lienthong::sandbox::samples::{Filling, Sample};
use lienthong::soap::version::Version;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;

/// What one call of [`Client::load`] saw.
pub struct Round {
    pub requests: u64,
    pub failed: u64,
    pub latencies_us: Vec<u32>,
}

/// Sends one SOAP request over and over, each time with a message id of its own.
#[derive(Clone)]
pub struct Client {
    tls: tokio_rustls::TlsConnector,
    /// The request before and after its message id.
    before_id: Bytes,
    after_id: Bytes,
    next_id: Arc<AtomicU64>,
}

impl Client {
    /// The national portal of the sandbox in `dir`; its work-permit application filled up to `size` bytes.
    pub fn new(dir: &Path, size: usize) -> Self {
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(7)));
        let filling = Filling { now: &now, code: "TAI-1", dossier: "", round: 1, paper: "", amount: 0 };
        let body = Sample::named("NopHoSo").expect("the sandbox has the sample").body(&filling);
        let headers = XRoad {
            client: party::PORTAL.identifier.to_owned(),
            service: party::MINISTRY.to_owned(),
            operation: "NopHoSo".to_owned(),
            id: "0".repeat(ID_LENGTH),
            user: None,
            issue: None,
            signable: false,
        };
        let request = envelope(Version::Soap11, Some(&headers), &body);
        let request = String::from_utf8(request).expect("UTF-8");
        let (before, rest) = request.split_once("<xrd:id>").expect("an X-Road id");
        let (_, after) = rest.split_once('<').expect("the id ends");
        // Filled inside the envelope, so that every byte is read: white space between elements is allowed there.
        let used = before.len() + "<xrd:id>".len() + ID_LENGTH + 1 + after.len();
        let (after, end) = after.rsplit_once("</").expect("an envelope");
        let fill = " ".repeat(size.saturating_sub(used));
        Self {
            tls: connector(dir),
            before_id: format!("{before}<xrd:id>").into(),
            after_id: format!("<{after}{fill}</{end}").into(),
            next_id: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Bytes of one request.
    pub fn size(&self) -> usize {
        self.before_id.len() + ID_LENGTH + self.after_id.len()
    }

    /// One request that must be answered as a success: what is measured is not an error page.
    pub async fn check(&self, address: SocketAddr) {
        let mut connection = self.connect(address).await;
        let (status, body) = self.call(&mut connection, address).await.expect("an answer");
        let text = String::from_utf8_lossy(&body);
        assert!(status == 200 && text.contains("<error_code>0</error_code>"), "HTTP {status}: {text}");
    }

    /// `connections` closed loops for `time`, or until `requests_max` are answered.
    pub async fn load(
        &self,
        address: SocketAddr,
        connections: u32,
        time: Duration,
        requests_max: Option<u64>,
    ) -> Round {
        let end = Instant::now() + time;
        let left = Arc::new(AtomicU64::new(requests_max.unwrap_or(u64::MAX)));
        let loops = (0..connections).map(|_| {
            let (client, left) = (self.clone(), left.clone());
            async move { client.one_loop(address, end, &left).await }
        });
        let mut loops: tokio::task::JoinSet<Round> = loops.collect();
        let mut all = Round { requests: 0, failed: 0, latencies_us: Vec::new() };
        while let Some(round) = loops.join_next().await {
            let round = round.expect("a loop does not panic");
            all.requests += round.requests;
            all.failed += round.failed;
            all.latencies_us.extend(round.latencies_us);
        }
        all
    }

    async fn one_loop(&self, address: SocketAddr, end: Instant, left: &AtomicU64) -> Round {
        let mut round = Round { requests: 0, failed: 0, latencies_us: Vec::new() };
        let mut connection = self.connect(address).await;
        while Instant::now() < end
            && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        {
            let started = Instant::now();
            match self.call(&mut connection, address).await {
                Ok((200, _)) => {}
                Ok(_) => round.failed += 1,
                Err(_) => {
                    round.failed += 1;
                    connection = self.connect(address).await;
                }
            }
            round.requests += 1;
            round.latencies_us.push(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        round
    }

    async fn call(
        &self,
        connection: &mut SendRequest<Full<Bytes>>,
        address: SocketAddr,
    ) -> Result<(u16, Bytes), hyper::Error> {
        connection.ready().await?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut body = Vec::with_capacity(self.size());
        body.extend_from_slice(&self.before_id);
        body.extend_from_slice(format!("{id:0ID_LENGTH$}").as_bytes());
        body.extend_from_slice(&self.after_id);
        let request = hyper::Request::post("/soap/hoso")
            .header("host", address.to_string())
            .header("content-type", "text/xml; charset=utf-8")
            .header("soapaction", "\"\"")
            .body(Full::new(Bytes::from(body)))
            .expect("a valid request");
        let answer = connection.send_request(request).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    async fn connect(&self, address: SocketAddr) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let name = ServerName::try_from("localhost").expect("a valid name");
        let stream = self.tls.connect(name, stream).await.expect("a handshake");
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("an HTTP connection");
        // Ends with its sender.
        tokio::spawn(connection);
        sender
    }
}

fn connector(dir: &Path) -> tokio_rustls::TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(dir.join("pki/ca.crt")).expect("the sandbox's CA") {
        roots.add(certificate.expect("a certificate")).expect("a trust anchor");
    }
    let member = dir.join("pki/members");
    let chain: Vec<_> = CertificateDer::pem_file_iter(member.join("dvcqg.crt"))
        .expect("the portal's certificate")
        .map(|certificate| certificate.expect("a certificate"))
        .collect();
    let key = PrivateKeyDer::from_pem_file(member.join("dvcqg.key")).expect("the portal's key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .expect("the key fits its certificate");
    tokio_rustls::TlsConnector::from(Arc::new(config))
}

/// Digits of a message id.
const ID_LENGTH: usize = 36;
