//! Compiles the dossier contract for the embedded dossier service: messages, server, client and descriptor set.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_source_info(true).include_imports(true).open_files([
        "molisa/dossier/v1/service.proto",
        "molisa/dossier/v1/office.proto",
        "molisa/dossier/v1/catalogue.proto",
        "google/rpc/status.proto",
        "google/rpc/error_details.proto",
    ])?;
    std::fs::write(out.join("dossier.fds"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure().compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
