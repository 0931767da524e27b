//! The processes of one measurement: backend, gateway and pass-through.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use lienthong::app;
use lienthong::clock::Clock;
use lienthong::config::gateway;
use lienthong::dossier::contract::molisa::dossier::v1::{DossierSummary, Status, SubmitDossierResponse};
use lienthong::grpc::{Address, Metadata, Raw, Upstream};
use lienthong::http::{ALPN, Handler, body, serve};
use lienthong::pki::{Identity, Trust};
use lienthong::problem::Problems;
use lienthong::sandbox::layout::{Layout, Pair};
use lienthong::sandbox::{contracts, pki};
use lienthong::tls::{Acceptor, Connector, Peer};
use prost::Message;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What a process of this example does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Answers every gRPC call with the same bytes.
    Backend,
    /// The product, without the record of what has an effect.
    Gateway,
    /// The product, as it is served.
    Recorded,
    /// The same listener and the same gRPC client with nothing between them.
    Passthrough,
}

impl Role {
    /// The role as an argument.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Gateway => "gateway",
            Self::Recorded => "recorded",
            Self::Passthrough => "passthrough",
        }
    }
}

/// Writes keys, contracts and members for all roles.
pub fn prepare(dir: &Path) {
    let layout = Layout::at(dir);
    pki::make(&layout).expect("keys are made");
    contracts::write(&layout).expect("contracts are written");
    let members = "[[member]]\nid = \"dvcqg\"\nx_road = [\"VN/GOV/000.00.00.G22/dvcqg\"]\n\
                   certificates = [{ file = \"pki/members/dvcqg.crt\" }]\nconcurrency = 2048\n";
    std::fs::write(dir.join("members.toml"), members).expect("members are written");
}

/// Runs a role until standard input closes.
pub async fn play(role: Role, dir: &Path, backend: Option<SocketAddr>) {
    match role {
        Role::Backend => run_backend(dir).await,
        Role::Gateway | Role::Recorded => run_gateway(role, dir, backend.expect("the backend's address")).await,
        Role::Passthrough => run_passthrough(dir, backend.expect("the backend's address")).await,
    }
}

async fn run_gateway(role: Role, dir: &Path, backend: SocketAddr) {
    let file = dir.join(format!("{}.toml", role.name()));
    let settings = format!(
        "members = \"members.toml\"\nstore = \"{name}.db\"\n[listen]\nsoap = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
         [tls]\ncertificate = \"pki/gateway.crt\"\nkey = \"pki/gateway.key\"\nclient_trust = [\"pki/ca.crt\"]\n\
         [[partner]]\nname = \"hoso\"\nbinding = \"schemas/hoso/binding.toml\"\n\
         [[service]]\nname = \"dossier\"\naddress = \"https://{backend}\"\nserver_name = \"localhost\"\nproto = [\"proto\"]\n\
         [limits]\nrequests_max = 4096\n",
        name = role.name()
    );
    std::fs::write(&file, settings).expect("settings are written");
    let mut problems = Problems::new();
    let loaded = gateway::load(&file, Clock::System.now(), &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let keep_ms = loaded.keep_ms.filter(|_| role == Role::Recorded);
    let settings = gateway::Gateway { keep_ms, ..loaded };
    // As in production: the access events are made and written, to where they cost least.
    lienthong::telemetry::start_log(settings.log.0, &settings.log.1);
    let running = app::start_gateway(settings).await.expect("the gateway starts");
    super::announce(running.soap);
    until_input_closes().await;
    running.stop().await;
}

/// Passes bodies through.
struct Through {
    upstream: Upstream,
    room: body::Room,
}

impl Handler for Through {
    async fn handle(&self, _peer: Arc<Peer>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let bounds = body::Bounds { bytes_max: 16 << 20, time_max: Duration::from_secs(15) };
        let Ok(whole) = body::read(&mut request.into_body(), bounds, &self.room).await else {
            return status(StatusCode::BAD_REQUEST);
        };
        let method = "/molisa.dossier.v1.DossierService/SubmitDossier";
        match self.upstream.unary(method, whole.bytes, Metadata::default(), Duration::from_secs(30)).await {
            Ok(answer) => Response::new(Full::new(answer)),
            Err(_) => status(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

async fn run_passthrough(dir: &Path, backend: SocketAddr) {
    let (identity, trust) = keys(&Layout::at(dir).pair("gateway"), dir);
    let connector = Connector::new(&identity, &trust, &["h2"]).expect("usable keys");
    let address = Address::parse(&format!("https://{backend}"), Some("localhost")).expect("an address");
    let upstream = Upstream::new(&address, &connector, 2, 64 << 20);
    let through = Through { upstream, room: body::Room::new(256 << 20) };
    let acceptor = Acceptor::new(&identity, &trust, &ALPN).expect("usable keys");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    super::announce(listener.local_addr().expect("bound"));
    let stopping = CancellationToken::new();
    tokio::spawn(serve(listener, acceptor, Arc::new(through), stopping.clone()));
    until_input_closes().await;
    stopping.cancel();
}

async fn run_backend(dir: &Path) {
    let (identity, trust) = keys(&Layout::at(dir).pair("dossier-service"), dir);
    let acceptor = Acceptor::new(&identity, &trust, &["h2"]).expect("usable keys");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    super::announce(listener.local_addr().expect("bound"));
    let answer = Bytes::from(answer().encode_to_vec());
    let accept = async {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                let Ok((stream, _)) = acceptor.accept(stream).await else { return };
                let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                    let answer = answer.clone();
                    async move {
                        let same = tower::service_fn(move |_: tonic::Request<Bytes>| {
                            let answer = answer.clone();
                            async move { Ok(tonic::Response::new(answer)) }
                        });
                        Ok::<_, Infallible>(tonic::server::Grpc::new(Raw).unary(same, request).await)
                    }
                });
                // Ends with its connection.
                _ = auto::Builder::new(TokioExecutor::new())
                    .http2_only()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    };
    tokio::select! {
        () = accept => {}
        () = until_input_closes() => {}
    }
}

/// What the ministry's service says to a new dossier.
fn answer() -> SubmitDossierResponse {
    let dossier = DossierSummary {
        code: "000.00.00.G07-240102-0001".to_owned(),
        status: Status::Registered.into(),
        submitted_time: Some(prost_types::Timestamp { seconds: 1_704_160_800, nanos: 0 }),
        ..DossierSummary::default()
    };
    SubmitDossierResponse { dossier: Some(dossier) }
}

fn keys(pair: &Pair, dir: &Path) -> (Identity, Trust) {
    let mut problems = Problems::new();
    let identity = Identity::load(&pair.certificate, &pair.key, Clock::System.now(), &mut problems);
    let anchors: [PathBuf; 1] = [Layout::at(dir).ca()];
    let trust = Trust::of_anchors(&anchors, Clock::System.now(), &mut problems);
    identity.zip(trust).unwrap_or_else(|| panic!("{problems}"))
}

/// The parent closes our standard input when it ends, however it ends.
async fn until_input_closes() {
    let mut nothing = [0];
    _ = tokio::task::spawn_blocking(move || std::io::Read::read(&mut std::io::stdin(), &mut nothing)).await;
}
