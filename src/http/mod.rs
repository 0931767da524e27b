//! HTTP/1.1 and HTTP/2 server: the only reader of request bodies.
