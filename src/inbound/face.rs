//! One partner as the gateway serves it: its contract, its documents, the services behind its operations.

use std::collections::HashMap;

use crate::binding::plan::{OperationId, Partner};
use crate::grpc::Upstream;
use crate::problem::{Place, Problems};
use crate::wsdl::Description;

/// A partner and what stands behind it.
#[derive(Debug)]
pub(super) struct Face {
    pub(super) partner: Partner,
    pub(super) description: Description,
    /// By operation.
    upstreams: Vec<Upstream>,
}

impl Face {
    /// Joins a compiled partner with the services it calls.
    ///
    /// `services` by full name (`molisa.dossier.v1.DossierService`). Problems: an operation whose service has no
    /// address, a schema file that cannot be served.
    pub(super) fn new(partner: Partner, services: &HashMap<String, Upstream>, problems: &mut Problems) -> Option<Self> {
        let description = Description::new(&partner, problems);
        let mut upstreams = Vec::with_capacity(partner.operations.len());
        for operation in &partner.operations {
            let service = operation.method.trim_start_matches('/').split('/').next().unwrap_or_default();
            match services.get(service) {
                Some(upstream) => upstreams.push(upstream.clone()),
                None => {
                    let file = partner.schema_files.first().map(|file| Place::file(file)).unwrap_or_default();
                    let message = format!("operation {}: service {service} has no address", operation.name);
                    problems.error(file, message, "add a [[service]] whose .proto has it");
                }
            }
        }
        let complete = upstreams.len() == partner.operations.len();
        complete.then_some(Self { description: description?, partner, upstreams })
    }

    /// The service that an operation calls.
    pub(super) fn upstream(&self, operation: OperationId) -> &Upstream {
        &self.upstreams[operation.0 as usize]
    }
}
