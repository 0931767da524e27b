//! gRPC with raw message bytes: clients of the internal services.
