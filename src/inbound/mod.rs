//! The inbound call: SOAP in, gRPC, SOAP out, step by step.
