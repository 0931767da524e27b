//! gRPC with raw message bytes: clients of the internal services.

mod details;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::Uri;
use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::tls::Connector;

/// What is sent beside a message.
pub type Metadata = MetadataMap;

/// An internal service, by its address; connections are made when they are needed and again when they break.
#[derive(Debug, Clone)]
pub struct Upstream {
    address: Address,
    connector: Connector,
    /// Made at their first call: they need a runtime, which a check of the configuration has not.
    channels: Arc<[OnceLock<Channel>]>,
    next: Arc<AtomicUsize>,
    message_bytes_max: usize,
}

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name that its certificate must carry; the host where nothing else is said.
    pub server_name: String,
}

/// Why a call has no answer.
///
/// Shown, it never says the service's text, which may repeat what a message held: of a person, or a key.
#[derive(Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("gRPC status {status}{}{reason}{}{cause}", if reason.is_empty() { "" } else { " " }, if cause.is_empty() { "" } else { ": " })]
pub struct Failure {
    /// gRPC status code, by number.
    pub status: i32,
    /// `google.rpc.ErrorInfo.reason`, a constant like `UNKNOWN_DOSSIER`; empty where the service gave none.
    pub reason: String,
    /// Text of the service, for the answer that carries a business outcome to the caller, and for nothing else.
    pub message: String,
    /// Why the service was not reached, in words of this side; empty where the service itself failed the call.
    pub cause: String,
}

impl std::fmt::Debug for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Failure({self})")
    }
}

impl Address {
    /// Reads `https://host:port`; the error says what to write.
    pub fn parse(written: &str, server_name: Option<&str>) -> Result<Self, &'static str> {
        let uri: Uri = written.parse().map_err(|_| "write https://host:port")?;
        if uri.scheme_str() != Some("https") || !matches!(uri.path(), "" | "/") {
            return Err("write https://host:port");
        }
        let host = uri.host().ok_or("name a host")?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().ok_or("name a port")?;
        let server_name = server_name.unwrap_or(&host).to_owned();
        if ServerName::try_from(server_name.as_str()).is_err() {
            return Err("name a server name that a certificate can carry");
        }
        Ok(Self { host, port, server_name })
    }
}

impl Upstream {
    /// A service over `connections` connections; nothing is connected yet.
    pub fn new(address: &Address, connector: &Connector, connections: usize, message_bytes_max: usize) -> Self {
        let channels = (0..connections.max(1)).map(|_| OnceLock::new()).collect();
        let (address, connector) = (address.clone(), connector.clone());
        Self { address, connector, channels, next: Arc::default(), message_bytes_max }
    }

    /// Calls `method` (`/package.Service/Method`) with one message; returns the answer's bytes.
    ///
    /// The deadline goes out as `grpc-timeout` and holds here too; a service that cannot be reached is UNAVAILABLE
    /// within [`CONNECT_MAX`].
    pub async fn unary(
        &self,
        method: &str,
        message: Bytes,
        metadata: Metadata,
        deadline: Duration,
    ) -> Result<Bytes, Failure> {
        let path = PathAndQuery::try_from(method).map_err(|_| Failure::unimplemented(method))?;
        let mut request = Request::from_parts(metadata, tonic::Extensions::default(), message);
        request.set_timeout(deadline);
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.channels.len();
        let channel = self.channels[at].get_or_init(|| channel(&self.address, &self.connector));
        let mut client = tonic::client::Grpc::new(channel.clone())
            .max_decoding_message_size(self.message_bytes_max)
            .max_encoding_message_size(self.message_bytes_max);
        let call = async {
            let ready = client.ready().await;
            ready.map_err(|error| Failure::here(Code::Unavailable, told(&error)))?;
            client.unary(request, path, Raw).await.map_err(|status| Failure::from_status(&status))
        };
        match tokio::time::timeout(deadline, call).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::here(Code::DeadlineExceeded, "the deadline passed")),
        }
    }
}

impl Failure {
    fn here(code: Code, cause: impl Into<String>) -> Self {
        Self { status: code as i32, cause: cause.into(), ..Self::default() }
    }

    fn unimplemented(method: &str) -> Self {
        Self::here(Code::Unimplemented, format!("{method} is no path"))
    }

    fn from_status(status: &Status) -> Self {
        // A connection that could not be made or broke comes as UNKNOWN or CANCELLED without a word of the service's.
        let lost = std::error::Error::source(status).is_some() && status.details().is_empty();
        let code = match status.code() {
            // tonic's own watch on `grpc-timeout`, where it is quicker than ours.
            Code::Cancelled if status.message().contains("Timeout") => Code::DeadlineExceeded,
            Code::Unknown | Code::Internal | Code::Cancelled if lost => Code::Unavailable,
            // Our own bound on messages, which is no business of the caller's.
            Code::OutOfRange if status.message().contains("message length too large") => Code::Internal,
            code => code,
        };
        // With a source it was made on this side: a service's own comes over the wire as code and text alone.
        let cause = std::error::Error::source(status).map(told).unwrap_or_default();
        let reason = details::reason(status.details());
        Self { status: code as i32, reason, message: status.message().to_owned(), cause }
    }
}

fn channel(address: &Address, connector: &Connector) -> Channel {
    let authority = match address.host.contains(':') {
        true => format!("[{}]:{}", address.host, address.port),
        false => format!("{}:{}", address.host, address.port),
    };
    let (address, connector) = (address.clone(), connector.clone());
    let connect = tower::service_fn(move |_: Uri| {
        let (address, connector) = (address.clone(), connector.clone());
        async move {
            let name = ServerName::try_from(address.server_name.clone()).expect("checked when it was parsed");
            connector.connect(&address.host, address.port, name).await.map(TokioIo::new)
        }
    });
    // TLS is ours: to tonic the connection is a plain one, while requests say https.
    Endpoint::from_shared(format!("http://{authority}"))
        .expect("host and port make an address")
        .origin(format!("https://{authority}").parse().expect("host and port make an address"))
        .connect_timeout(CONNECT_MAX)
        .tcp_nodelay(true)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(4 * WINDOW_BYTES)
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_MAX)
        .connect_with_connector_lazy(connect)
}

/// An error and what caused it, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// Messages as they are: no field of them is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Raw;

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(bytes.copy_to_bytes(bytes.remaining())))
    }
}

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

/// How long a connection may take to be made.
pub const CONNECT_MAX: Duration = Duration::from_secs(3);
const WINDOW_BYTES: u32 = 1 << 20;
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_MAX: Duration = Duration::from_secs(10);
