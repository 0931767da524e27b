//! The contracts that are built into the command, written where the operator can read and change them.

use super::error::Error;
use super::layout::Layout;

/// Writes every contract file that is not there yet.
pub fn write(layout: &Layout) -> Result<(), Error> {
    for (name, text) in FILES {
        let file = layout.path(name);
        let folder = file.parent().expect("every contract stands in a folder");
        std::fs::create_dir_all(folder).map_err(Error::at(folder))?;
        if !file.exists() {
            std::fs::write(&file, text).map_err(Error::at(&file))?;
        }
    }
    Ok(())
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "proto/google/rpc/error_details.proto",
    "proto/google/rpc/status.proto",
    "proto/google/type/date.proto",
    "proto/molisa/dossier/v1/catalogue.proto",
    "proto/molisa/dossier/v1/dossier.proto",
    "proto/molisa/dossier/v1/form.proto",
    "proto/molisa/dossier/v1/office.proto",
    "proto/molisa/dossier/v1/party.proto",
    "proto/molisa/dossier/v1/service.proto",
    "schemas/btxh/binding.toml",
    "schemas/btxh/btxh.xsd",
    "schemas/btxh/extent-data.xsd",
    "schemas/hoso/binding.toml",
    "schemas/hoso/catalogue/agencies.toml",
    "schemas/hoso/catalogue/codes.toml",
    "schemas/hoso/catalogue/holidays.toml",
    "schemas/hoso/catalogue/procedures.toml",
    "schemas/hoso/hoso.xsd",
    "schemas/lgsp/binding.toml",
    "schemas/lgsp/lgsp.xsd",
];

#[cfg(test)]
mod tests {
    use super::FILES;

    #[test]
    fn every_proto_and_schema_of_the_repository_is_built_in() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let is_contract = |path: &std::path::Path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let is_sample = path.components().any(|part| part.as_os_str() == "samples");
            !is_sample && matches!(extension, Some("proto" | "xsd" | "toml" | "csv"))
        };
        let mut found: Vec<String> = ["proto", "schemas"]
            .iter()
            .flat_map(|folder| walkdir::WalkDir::new(root.join(folder)))
            .map(|entry| entry.expect("the repository is readable").into_path())
            .filter(|path| is_contract(path))
            .map(|path| path.strip_prefix(root).expect("below the root").display().to_string())
            .collect();
        found.sort();
        let mut built_in: Vec<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        built_in.sort();
        assert_eq!(built_in, found);
    }
}
