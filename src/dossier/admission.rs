//! Which certificates may call, and as whom.
//!
//! The trust anchors alone do not decide: the same authority may sign portals' certificates, and a portal that
//! reaches the service's address must not pass by the gateway.

use std::collections::HashMap;

use crate::crypto::Digest;
use crate::crypto::certificate::Certificate;
use crate::tls::Peer;

/// As whom a certificate calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The gateway: speaks for the member it names, for none without.
    Gateway,
    /// The ministry's own software: sees all dossiers, acts for officers.
    Ministry,
    /// Nobody known; health and reflection only.
    Stranger,
}

/// Roles by public key, so that a certificate may be renewed with its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admission {
    roles: HashMap<Digest, Role>,
}

impl Admission {
    /// Nobody is admitted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Admits the holder of a certificate's key; a later word on the same key replaces the earlier.
    pub fn admit(&mut self, certificate: &Certificate, role: Role) {
        self.roles.insert(certificate.spki, role);
    }

    /// As whom a proven peer calls.
    pub fn role(&self, peer: &Peer) -> Role {
        self.roles.get(&peer.certificate().spki).copied().unwrap_or(Role::Stranger)
    }
}
