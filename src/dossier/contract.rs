//! The generated types of the ministry's contract, and its descriptors as served by reflection.

/// Messages, clients and servers of `molisa.dossier.v1`.
#[allow(missing_docs)]
pub mod molisa {
    pub mod dossier {
        pub mod v1 {
            tonic::include_proto!("molisa.dossier.v1");
        }
    }
}

/// The google types the contract uses.
#[allow(missing_docs)]
pub mod google {
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
    pub mod r#type {
        tonic::include_proto!("google.r#type");
    }
}

/// `google.protobuf.FileDescriptorSet` of the contract with everything it imports.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/dossier.fds"));
