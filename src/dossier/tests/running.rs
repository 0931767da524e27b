//! The server around the service: health, reflection, limits, stopping.

use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::*;

async fn channel(bench: &Bench) -> Line {
    let address = format!("http://{}", bench.running.address);
    Line::from_shared(address).expect("an address").connect().await.expect("connects")
}

#[tokio::test]
async fn all_services_are_healthy_and_described() {
    let bench = Bench::start().await;
    let channel = channel(&bench).await;
    let services = ["DossierService", "DossierOfficeService", "CatalogueService"];
    let services = services.map(|name| format!("molisa.dossier.v1.{name}"));
    for service in &services {
        let request = HealthCheckRequest { service: service.clone() };
        let health = HealthClient::new(channel.clone()).check(request).await.expect("known").into_inner();
        assert_eq!(health.status(), ServingStatus::Serving);
    }
    let ask = |message_request| {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(message_request) };
        let mut client = ServerReflectionClient::new(channel.clone());
        async move {
            let stream = tonic::codegen::tokio_stream::once(request);
            let mut answers = client.server_reflection_info(stream).await.expect("served").into_inner();
            let answer: ServerReflectionResponse = answers.message().await.expect("served").expect("an answer");
            answer.message_response.expect("an answer")
        }
    };
    let MessageResponse::ListServicesResponse(listed) = ask(MessageRequest::ListServices(String::new())).await else {
        panic!("a list of services");
    };
    for service in &services {
        assert!(listed.service.iter().any(|listed| listed.name == *service), "{service}");
        let described = ask(MessageRequest::FileContainingSymbol(service.clone())).await;
        assert!(matches!(described, MessageResponse::FileDescriptorResponse(_)), "{service}");
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_next_one_served() {
    let mut bench = Bench::start().await;
    let large = Dossier { documents: vec![paper("GPLD-02", &vec![0; 6 << 20]); 3], ..application() };
    let refused = bench.dossiers.submit_dossier(SubmitDossierRequest { dossier: Some(large) }).await;
    assert_eq!(refused.expect_err("18 MiB").code(), tonic::Code::OutOfRange);
    let fits = Dossier { documents: vec![paper("GPLD-02", &vec![7; 6 << 20]); 2], ..application() };
    let code = bench.submit(fits.clone()).await.code;
    assert_eq!(bench.get(&code).await.documents, fits.documents);
}

#[tokio::test]
async fn stopping_ends_the_service_and_frees_the_database() {
    let bench = Bench::start().await;
    let address = bench.running.address;
    let mut bench = bench.restart().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    bench.submit(application()).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_holds_up_nobody() {
    let mut bench = Bench::start().await;
    let _silent = tokio::net::TcpStream::connect(bench.running.address).await.expect("connects");
    bench.submit(application()).await;
}
