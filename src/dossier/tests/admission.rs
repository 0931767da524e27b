//! Who gets in over mutual TLS, and as whom.

use std::path::Path;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::pki::Authority;
use super::*;
use crate::crypto::certificate::Certificate;
use crate::dossier::admission::Admission;
use crate::pki::{Identity, Trust};
use crate::tls::{Acceptor, Connector};

struct Guarded {
    folder: tempfile::TempDir,
    running: Running,
}

impl Guarded {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new(folder.path(), "ca");
        ["service", "gateway", "officers", "h29"].iter().for_each(|name| authority.sign(name));
        Authority::new(folder.path(), "foreign-ca").sign("foreign");
        let mut admission = Admission::new();
        for (name, role) in [("gateway", Role::Gateway), ("officers", Role::Ministry)] {
            let pem = std::fs::read(folder.path().join(format!("{name}.crt"))).expect("readable");
            admission.admit(&Certificate::from_pem(&pem).expect("a certificate"), role);
        }
        let acceptor =
            Acceptor::new(&identity(folder.path(), "service"), &trust(folder.path()), &["h2"]).expect("sound");
        let transport = Transport::Mutual { acceptor, admission: Arc::new(admission) };
        let clock = Clock::at(moment("2024-04-26T16:30"));
        let running = server::start(settings(folder.path()), clock, transport).await.expect("starts");
        Self { folder, running }
    }

    async fn channel(&self, name: &str) -> std::result::Result<Line, tonic::transport::Error> {
        let folder = self.folder.path();
        let connector = Connector::new(&identity(folder, name), &trust(folder), &["h2"]).expect("sound");
        let port = self.running.address.port();
        let connect = tower::service_fn(move |_| {
            let connector = connector.clone();
            let name = ServerName::try_from("localhost").expect("a name");
            async move { connector.connect("127.0.0.1", port, name).await.map(TokioIo::new) }
        });
        Endpoint::from_static("http://localhost").connect_with_connector(connect).await
    }
}

fn identity(folder: &Path, name: &str) -> Identity {
    let file = |kind: &str| folder.join(format!("{name}.{kind}"));
    let mut problems = Problems::new();
    let identity = Identity::load(&file("crt"), &file("key"), Clock::System.now(), &mut problems);
    identity.unwrap_or_else(|| panic!("{problems}"))
}

fn trust(folder: &Path) -> Trust {
    let mut problems = Problems::new();
    Trust::of_anchors(&[folder.join("ca.crt")], Clock::System.now(), &mut problems)
        .unwrap_or_else(|| panic!("{problems}"))
}

fn get() -> GetDossierRequest {
    GetDossierRequest { code: "G07-240426-0001".into() }
}

fn accept() -> AcceptDossierRequest {
    AcceptDossierRequest { code: "G07-240426-0001".into(), officer: Some(officer()), ..Default::default() }
}

#[tokio::test]
async fn the_ministry_s_own_certificate_may_do_all() {
    let guarded = Guarded::start().await;
    let channel = guarded.channel("officers").await.expect("connects");
    let submission = SubmitDossierRequest { dossier: Some(application()) };
    DossierServiceClient::new(channel.clone()).submit_dossier(submission).await.expect("submitted");
    DossierOfficeServiceClient::new(channel).accept_dossier(accept()).await.expect("accepted");
}

#[tokio::test]
async fn the_gateway_speaks_for_members_only() {
    let guarded = Guarded::start().await;
    let channel = guarded.channel("gateway").await.expect("connects");
    let mut dossiers = DossierServiceClient::new(channel.clone());
    let nobody = dossiers.get_dossier(get()).await.expect_err("no member");
    assert_eq!(refusal(&nobody), "PermissionDenied/MEMBER_REQUIRED");
    let member = [("lienthong-member", "h56")];
    let answer = dossiers.get_dossier(with(&member, get())).await.expect_err("no dossier yet");
    assert_eq!(refusal(&answer), "NotFound/UNKNOWN_DOSSIER");
    let mut office = DossierOfficeServiceClient::new(channel);
    for request in [with(&member, accept()), with(&[("lienthong-member", "x")], accept())] {
        let refused = office.accept_dossier(request).await.expect_err("a gateway");
        assert_eq!(refusal(&refused), "PermissionDenied/OFFICERS_ONLY");
    }
}

#[tokio::test]
async fn a_portal_s_certificate_of_the_same_authority_gets_nothing_but_health() {
    let guarded = Guarded::start().await;
    let channel = guarded.channel("h29").await.expect("the authority is trusted");
    let refused = DossierServiceClient::new(channel.clone()).get_dossier(get()).await.expect_err("a stranger");
    assert_eq!(refusal(&refused), "PermissionDenied/UNKNOWN_CALLER");
    let named = with(&[("lienthong-member", "h29")], get());
    let refused = DossierServiceClient::new(channel.clone()).get_dossier(named).await.expect_err("a stranger");
    assert_eq!(refusal(&refused), "PermissionDenied/UNKNOWN_CALLER");
    let refused = DossierOfficeServiceClient::new(channel.clone()).accept_dossier(accept()).await;
    assert_eq!(refusal(&refused.expect_err("a stranger")), "PermissionDenied/UNKNOWN_CALLER");
    HealthClient::new(channel).check(HealthCheckRequest::default()).await.expect("healthy");
}

#[tokio::test]
async fn a_certificate_of_a_foreign_authority_is_refused_at_the_handshake() {
    let guarded = Guarded::start().await;
    // TLS 1.3 tells the client only when it reads: the connection breaks at its first use at the latest.
    let outcome = match guarded.channel("foreign").await {
        Err(error) => Err(error.to_string()),
        Ok(channel) => {
            HealthClient::new(channel).check(HealthCheckRequest::default()).await.map_err(|status| status.to_string())
        }
    };
    assert!(outcome.is_err());
}

#[tokio::test]
async fn a_connection_without_tls_gets_nothing() {
    let guarded = Guarded::start().await;
    let plain = Endpoint::from_shared(format!("http://{}", guarded.running.address)).expect("an address");
    let outcome = match plain.connect().await {
        Err(_) => None,
        Ok(channel) => HealthClient::new(channel).check(HealthCheckRequest::default()).await.ok(),
    };
    assert!(outcome.is_none());
}
