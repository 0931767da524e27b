//! `lienthong`: the gateway between a ministry's gRPC dossier service and portals that speak SOAP.
//!
//! The rooms, lowest layer first; ARCHITECTURE.md has the table of which may know which.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

// Layer 0
pub mod clock;
pub mod problem;
pub mod telemetry;
// Layer 1
pub mod crypto;
pub mod proto;
pub mod store;
pub mod xml;
// Layer 2
pub mod member;
pub mod pki;
pub mod schema;
pub mod soap;
// Layer 3
pub mod binding;
pub mod tls;
pub mod tsp;
pub mod wsse;
// Layer 4
pub mod evidence;
pub mod grpc;
pub mod http;
pub mod transcode;
pub mod wsdl;
// Layer 5
pub mod contract;
pub mod fault;
// Layer 6
pub mod inbound;
// Layer 7
pub mod console;
pub mod dossier;
// Layer 8
pub mod config;
// Layer 9
pub mod app;
pub mod cli;
pub mod sandbox;
