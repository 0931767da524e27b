//! The compiled plan of one partner: what the flows and the transcoder run.
//!
//! Skeleton: the public face that other rooms rely on; the insides are the room's own.

use std::path::PathBuf;

use prost_reflect::DescriptorPool;

use crate::problem::Problems;
use crate::schema::model::{ElementId, Schema};

/// Index in [`Partner::operations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperationId(pub u16);

/// One partner profile: a binding.toml compiled against its schemas and the services' descriptors.
#[derive(Debug)]
pub struct Partner {
    /// Name in addresses and logs: `POST /soap/<name>`. From `[[partner]] name` of the configuration.
    pub name: String,
    /// Namespace of the operations' wrapper elements.
    pub namespace: String,
    /// Which header protocol carries message ids and identities.
    pub headers: HeaderProtocol,
    /// The partner's XSD.
    pub schema: Schema,
    /// Schema files in the order of the binding's `schemas`, as served by `?xsd=<file name>`.
    pub schema_files: Vec<PathBuf>,
    /// Its operations.
    pub operations: Vec<Operation>,
}

/// `headers` of the binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderProtocol {
    /// X-Road message protocol 4.0.
    XRoad,
    /// WS-Addressing 1.0.
    Addressing,
    /// None: the certificate and the binding's `key` say all.
    None,
}

/// What a repeat of the same request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads only: may be repeated freely.
    Read,
    /// Must take effect once, however often it is sent.
    Once,
}

/// One operation of a partner.
#[derive(Debug)]
pub struct Operation {
    /// Local name of the request wrapper, and X-Road's serviceCode: `NopHoSo`.
    pub name: String,
    /// gRPC path: `/molisa.dossier.v1.DossierService/SubmitDossier`.
    pub method: String,
    /// What a repeat means.
    pub effect: Effect,
    /// Request wrapper element.
    pub request_element: ElementId,
    /// Answer wrapper element: `NopHoSoResponse` unless the binding says otherwise.
    pub answer_element: ElementId,
    /// Whether the answer carries business outcomes (`@code`): without, a refusal is a fault.
    pub carries_outcome: bool,
    // pub(crate) tables for `transcode` and `explain` follow.
}

impl Partner {
    /// Reads and compiles `binding_file`; schemas are relative to it.
    ///
    /// `pools` are the descriptors of all configured services. All problems are added to `problems`;
    /// `None` where any of them is an error.
    pub fn compile(
        name: &str,
        binding_file: &std::path::Path,
        pools: &[DescriptorPool],
        problems: &mut Problems,
    ) -> Option<Self> {
        let _ = (name, binding_file, pools, problems);
        todo!()
    }

    /// The operation whose request wrapper has this expanded name.
    pub fn operation(&self, namespace: &str, local: &str) -> Option<OperationId> {
        let _ = (namespace, local);
        todo!()
    }
}
