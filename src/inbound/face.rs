//! One partner as the gateway serves it: its contract, its documents, the services behind its operations.

use std::collections::HashMap;

use crate::binding::plan::{OperationId, Partner};
use crate::grpc::Upstream;
use crate::problem::{Place, Problems};
use crate::schema::bounds::Bounds;
use crate::wsdl::Description;
use crate::xml::limits::Limits;

/// A partner and what stands behind it.
#[derive(Debug)]
pub(super) struct Face {
    pub(super) partner: Partner,
    pub(super) description: Description,
    /// Within which its messages are read.
    pub(super) limits: Limits,
    /// By operation.
    upstreams: Vec<Upstream>,
}

impl Face {
    /// Joins a compiled partner with the services it calls.
    ///
    /// `services` by full name (`molisa.dossier.v1.DossierService`). Problems: an operation whose service has no
    /// address, a schema file that cannot be served. `limits`: the configured ones.
    pub(super) fn new(
        partner: Partner,
        services: &HashMap<String, Upstream>,
        limits: &Limits,
        problems: &mut Problems,
    ) -> Option<Self> {
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
        let limits = tightened(limits, &partner);
        complete.then_some(Self { description: description?, limits, partner, upstreams })
    }

    /// The service that an operation calls.
    pub(super) fn upstream(&self, operation: OperationId) -> &Upstream {
        &self.upstreams[operation.0 as usize]
    }
}

/// The configured limits, or what the partner's schema allows where that is less.
///
/// Depth and number of elements alone: names have prefixes, tags have declarations and values have references of the
/// sender's choice, so that no schema bounds them as they are written.
fn tightened(configured: &Limits, partner: &Partner) -> Limits {
    let Bounds { depth, elements } = partner.request_bounds();
    let depth = depth.map_or(u32::MAX, |depth| depth.saturating_add(AROUND_BODY).max(HEADER_DEPTH));
    let elements = elements.map_or(u64::MAX, |elements| elements.saturating_add(HEADER_ELEMENTS));
    Limits {
        depth_max: configured.depth_max.min(depth),
        elements_max: configured.elements_max.min(u32::try_from(elements).unwrap_or(u32::MAX)),
        ..*configured
    }
}

/// Envelope and Body are around the message.
const AROUND_BODY: u32 = 2;
/// What a Header may always be nested: WS-Security's goes to 9 (a certificate's issuer in a signature's KeyInfo), and an
/// element too many in the Body is to be told by its name, not as too deep.
const HEADER_DEPTH: u32 = 16;
/// Elements beside the message: Envelope, Body, and the Header's.
const HEADER_ELEMENTS: u64 = 1000;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::binding::plan::Unknown;

    fn partner(binding: &str, protos: &str) -> Partner {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut problems = Problems::new();
        let pool = crate::proto::load(&[root.join(protos)], &mut problems).unwrap_or_else(|| panic!("{problems}"));
        let partner = Partner::compile("p", &root.join(binding), &[pool], &mut problems);
        partner.unwrap_or_else(|| panic!("{problems}"))
    }

    #[test]
    fn limits_are_the_schemas_where_it_sets_less_and_never_looser_than_configured() {
        let check = |partner: &Partner, configured: &Limits, expected: (u32, u32)| {
            let limits = tightened(configured, partner);
            assert_eq!((limits.depth_max, limits.elements_max), expected);
        };
        let configured = Limits::default();
        let low = Limits { depth_max: 8, elements_max: 100, ..configured };
        // Its lists have no end.
        let mut dossiers = partner("schemas/hoso/binding.toml", "proto");
        check(&dossiers, &configured, (16, 200_000));
        check(&dossiers, &low, (8, 100));
        // It lends 20 items at once.
        let loans = partner("tests/contracts/library/binding.toml", "tests/contracts/library/proto");
        check(&loans, &configured, (16, 1055));
        dossiers.unknown = Unknown::Report;
        check(&dossiers, &configured, (64, 200_000));
    }
}
