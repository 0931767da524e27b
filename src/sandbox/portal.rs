//! A portal's SOAP client: HTTP over mutual TLS, one connection a call.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::answer::Answer;
use super::connect::{connect, connector};
use super::error::Error;
use super::layout::{Layout, Pair};
use super::party::Party;
use crate::soap::version::Version;
use crate::tls::Connector;

/// One caller of one address.
#[derive(Debug, Clone)]
pub struct Portal {
    address: http::Uri,
    connector: Connector,
}

impl Portal {
    /// A caller of `address` that shows `pair` and trusts `ca`.
    pub fn new(address: &str, pair: &Pair, ca: &Path) -> Result<Self, Error> {
        let uri: http::Uri = address.parse().map_err(|_| Error::Address { address: address.to_owned() })?;
        if uri.scheme_str() != Some("https") || uri.host().is_none() {
            return Err(Error::Address { address: address.to_owned() });
        }
        Ok(Self { address: uri, connector: connector(pair, ca, &ALPN)? })
    }

    /// A member of a sandbox.
    pub fn open(address: &str, layout: &Layout, party: Party) -> Result<Self, Error> {
        Self::new(address, &layout.member(party.id), &layout.ca())
    }

    /// Sends a message and reads the answer.
    ///
    /// Limits: an answer of at most 64 MiB, within 60 s.
    pub async fn post(&self, version: Version, message: Vec<u8>) -> Result<Answer, Error> {
        match tokio::time::timeout(CALL_TIME_MAX, self.exchange(version, message)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(self.failed(elapsed)),
        }
    }

    async fn exchange(&self, version: Version, message: Vec<u8>) -> Result<Answer, Error> {
        let stream = connect(&self.connector, &self.address).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        let response = if is_http2 {
            let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
            let (mut sender, connection) = handshake.await.map_err(|error| self.failed(error))?;
            // The connection ends with its sender; what breaks it is seen by the request.
            tokio::spawn(connection);
            sender.send_request(self.request(self.address.clone(), version, message)).await
        } else {
            let path = self.address.path_and_query().map_or("/", |path| path.as_str());
            let target = path.parse().map_err(|error: http::uri::InvalidUri| self.failed(error))?;
            let handshake = hyper::client::conn::http1::handshake(io);
            let (mut sender, connection) = handshake.await.map_err(|error| self.failed(error))?;
            tokio::spawn(connection);
            sender.send_request(self.request(target, version, message)).await
        };
        let (parts, body) = response.map_err(|error| self.failed(error))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| self.failed(error))?;
        let content_type = parts.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        Ok(Answer::new(parts.status.as_u16(), content_type, body.to_bytes()))
    }

    fn request(&self, target: http::Uri, version: Version, message: Vec<u8>) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::new(Full::new(Bytes::from(message)));
        *request.method_mut() = http::Method::POST;
        let headers = request.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(version.content_type()));
        if version == Version::Soap11 {
            headers.insert("soapaction", http::HeaderValue::from_static("\"\""));
        }
        if target.host().is_none()
            && let Some(authority) = self.address.authority()
            && let Ok(host) = http::HeaderValue::from_str(authority.as_str())
        {
            headers.insert(http::header::HOST, host);
        }
        *request.uri_mut() = target;
        request
    }

    fn failed(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Exchange { address: self.address.to_string(), source: source.into() }
    }
}

const ALPN: [&str; 2] = ["h2", "http/1.1"];
const CALL_TIME_MAX: Duration = Duration::from_secs(60);
const ANSWER_BYTES_MAX: usize = 64 << 20;
