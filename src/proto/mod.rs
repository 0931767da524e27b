//! Descriptors of the internal services, compiled from .proto files at start.

use std::path::{Path, PathBuf};

use prost_reflect::DescriptorPool;

use crate::problem::{Place, Problems};

/// .proto files that one service may consist of.
const FILES_MAX: usize = 2_000;

/// Compiles every .proto file below `folders` (each an include root), in pure Rust.
///
/// A path that is a file is read as a descriptor set (`protoc --descriptor_set_out`). Imports are found in the
/// folders; Google's well-known types are built in. All problems are added to `problems`; `None` where there was one.
pub fn load(folders: &[PathBuf], problems: &mut Problems) -> Option<DescriptorPool> {
    let mut pool = DescriptorPool::new();
    let (sets, roots): (Vec<&PathBuf>, Vec<&PathBuf>) = folders.iter().partition(|path| path.is_file());
    let mut good = true;
    for set in sets {
        let added = std::fs::read(set)
            .map_err(|error| error.to_string())
            .and_then(|bytes| pool.decode_file_descriptor_set(&*bytes).map_err(|error| error.to_string()));
        if let Err(error) = added {
            problems.error(
                Place::file(set),
                format!("not a descriptor set: {error}"),
                "make it with protoc --include_imports --descriptor_set_out",
            );
            good = false;
        }
    }
    if !roots.is_empty() {
        good &= compile(&roots, &mut pool, problems);
    }
    good.then_some(pool)
}

/// Compiles one .proto file with what it imports from `folders`; where none is named, from the folder that its
/// package says it stands in. All problems are added to `problems`; `None` where there was one.
pub fn load_file(file: &Path, folders: &[PathBuf], problems: &mut Problems) -> Option<DescriptorPool> {
    if let Err(error) = std::fs::metadata(file) {
        problems.error(Place::file(file), format!("cannot be read: {error}"), "name a .proto file");
        return None;
    }
    let roots = roots_of(file, folders);
    let mut compiler = match protox::Compiler::new(&roots) {
        Ok(compiler) => compiler,
        Err(error) => {
            problems.error(Place::file(file), error.to_string(), "name folders of .proto files");
            return None;
        }
    };
    compiler.include_imports(true).include_source_info(true);
    let inside = roots.iter().find_map(|root| Some(root.join(below(file, root)?)));
    if let Err(error) = compiler.open_file(inside.as_deref().unwrap_or(file)) {
        problems.error(
            place(file, &error),
            error.to_string(),
            "correct the .proto, or name the folders of its imports",
        );
        return None;
    }
    let mut pool = DescriptorPool::new();
    if let Err(error) = pool.add_file_descriptor_set(compiler.file_descriptor_set()) {
        problems.error(Place::file(file), error.to_string(), "correct the .proto");
        return None;
    }
    Some(pool)
}

/// The include roots of a file: those named, else the folder above its package's.
pub fn roots_of(file: &Path, folders: &[PathBuf]) -> Vec<PathBuf> {
    if !folders.is_empty() {
        return folders.to_vec();
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let package = text.lines().find_map(|line| line.trim().strip_prefix("package ")?.split(';').next());
    let segments = package.unwrap_or_default().trim().split('.').rev();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut root = folder;
    for segment in segments {
        match root.parent() {
            Some(above) if root.file_name().is_some_and(|name| name == segment) => root = above,
            // The folders do not follow the package: imports stand beside the file.
            _ => return vec![folder.to_path_buf()],
        }
    }
    vec![if root.as_os_str().is_empty() { PathBuf::from(".") } else { root.to_path_buf() }]
}

/// A file's path below a folder, however either is written.
fn below(file: &Path, folder: &Path) -> Option<PathBuf> {
    if let Ok(rest) = file.strip_prefix(folder) {
        return Some(rest.to_path_buf());
    }
    let (file, folder) = (file.canonicalize().ok()?, folder.canonicalize().ok()?);
    Some(file.strip_prefix(folder).ok()?.to_path_buf())
}

fn compile(roots: &[&PathBuf], pool: &mut DescriptorPool, problems: &mut Problems) -> bool {
    let mut compiler = match protox::Compiler::new(roots) {
        Ok(compiler) => compiler,
        Err(error) => {
            problems.error(Place::file(roots[0]), error.to_string(), "name a folder of .proto files");
            return false;
        }
    };
    compiler.include_imports(true).include_source_info(true);
    let mut good = true;
    for root in roots {
        let mut files = Vec::new();
        if let Err(error) = find(root, &mut files) {
            problems.error(Place::file(root), format!("cannot be read: {error}"), "name a folder of .proto files");
            good = false;
        }
        if files.is_empty() && good {
            problems.error(Place::file(root), "no .proto file in this folder", "name the folder that holds them");
            good = false;
        }
        for file in files {
            if let Err(error) = compiler.open_file(&file) {
                problems.error(place(&file, &error), error.to_string(), "correct the .proto");
                good = false;
            }
        }
    }
    if let Err(error) = pool.add_file_descriptor_set(compiler.file_descriptor_set()) {
        problems.error(Place::file(roots[0]), error.to_string(), "correct the .proto");
        good = false;
    }
    good
}

/// The line that an error of the compiler is about: it says `file:line:column`.
fn place(file: &Path, error: &protox::Error) -> Place {
    let said = format!("{error:?}");
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let line = said.split(&format!("{name}:")).nth(1).and_then(|rest| rest.split(':').next()?.parse().ok());
    Place { file: error.file().map_or_else(|| file.to_path_buf(), PathBuf::from), line }
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            find(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "proto") && files.len() < FILES_MAX {
            files.push(entry);
        }
    }
    Ok(())
}
