//! The gateway's edges with real sockets and certificates: who gets in, what is bounded, what is told.

mod config;
mod grpc;
mod http;
mod pki;
mod tls;
