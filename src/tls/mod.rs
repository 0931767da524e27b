//! Mutual TLS: acceptors, connectors and the peer they prove.
