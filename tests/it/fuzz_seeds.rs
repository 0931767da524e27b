//! The fuzz targets' properties hold for what is kept in `fuzz/seeds`.

use std::path::Path;

#[path = "../../fuzz/properties/mod.rs"]
mod properties;

#[test]
fn every_property_holds_for_its_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (target, hold) in properties::ALL {
        let seeds = std::fs::read_dir(folder.join(target)).unwrap_or_else(|_| panic!("{target} has no seeds"));
        for seed in seeds {
            let file = seed.expect("the folder is readable").path();
            // Said only where the property panics.
            println!("{}", file.display());
            hold(&std::fs::read(&file).expect("a seed is readable"));
        }
    }
}

#[test]
fn every_folder_of_seeds_has_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for entry in std::fs::read_dir(folder).expect("there are seeds") {
        let name = entry.expect("the folder is readable").file_name();
        assert!(properties::ALL.iter().any(|(target, _)| *target == name), "{name:?} is no target");
    }
}
