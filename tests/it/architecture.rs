//! The source map of ARCHITECTURE.md, enforced: arrows between rooms go only to a lower layer.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// One row of the table.
#[derive(Debug)]
struct Room {
    layer: u32,
    never: Vec<String>,
}

#[test]
fn every_arrow_between_rooms_goes_to_a_lower_layer() {
    let rooms = table();
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(room) = room_of(&file) else { continue };
        let Some(here) = rooms.get(&room) else {
            wrong.push(format!("{}: room `{room}` is not in ARCHITECTURE.md's table", file.display()));
            continue;
        };
        for (first, second) in paths_used(&file) {
            let target = if first == "crate" { second.as_str() } else { first.as_str() };
            if here.never.iter().any(|never| never == target) {
                wrong.push(format!("{}: `{room}` must never know `{target}`", file.display()));
            }
            // `pub(crate)` is a path too, of one segment.
            if first != "crate" || second == room || second.is_empty() {
                continue;
            }
            match rooms.get(&second) {
                Some(there) if there.layer < here.layer => {}
                Some(there) => wrong.push(format!(
                    "{}: `{room}` (layer {}) uses `{second}` (layer {})",
                    file.display(),
                    here.layer,
                    there.layer
                )),
                None => wrong.push(format!("{}: `crate::{second}` is no room of the table", file.display())),
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "arrows against the table of ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_of_the_table_exists_with_a_first_line_that_says_its_purpose() {
    for room in table().keys() {
        let folder = root().join("src").join(room).join("mod.rs");
        let file = root().join("src").join(format!("{room}.rs"));
        let text = fs::read_to_string(&folder)
            .or_else(|_| fs::read_to_string(&file))
            .unwrap_or_else(|_| panic!("room `{room}` of the table has no source"));
        assert!(text.starts_with("//! "), "room `{room}` does not start with its purpose");
    }
}

/// Reads the rows `| layer | `room`, `room` | purpose | never |` of ARCHITECTURE.md.
fn table() -> BTreeMap<String, Room> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mut rooms = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [layer, names, _purpose, never] = cells.as_slice() else { continue };
        let Ok(layer) = layer.parse() else { continue };
        for name in quoted(names) {
            rooms.insert(name, Room { layer, never: quoted(never) });
        }
    }
    assert!(rooms.len() > 15, "the table of ARCHITECTURE.md was not found");
    rooms
}

/// The words between backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn sources() -> Vec<PathBuf> {
    walkdir::WalkDir::new(root().join("src"))
        .into_iter()
        .map(|entry| entry.expect("readable source tree").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The room a file belongs to; `None` for the two files that compose the crate.
fn room_of(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(root().join("src")).expect("below src");
    let first = inside.components().next().expect("not empty").as_os_str().to_str().expect("UTF-8 name");
    let room = first.trim_end_matches(".rs");
    (room != "lib" && room != "main").then(|| room.to_owned())
}

/// First and second segment of every path in a file, tests left out.
fn paths_used(file: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).expect("readable source");
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut paths = Paths::default();
    paths.visit_file(&parsed);
    paths.0
}

#[derive(Default)]
struct Paths(Vec<(String, String)>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !for_tests_only(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !for_tests_only(&item.attrs) {
            self.add_use(&item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segment = |at: usize| path.segments.get(at).map(|s| s.ident.to_string()).unwrap_or_default();
        self.0.push((segment(0), segment(1)));
        visit::visit_path(self, path);
    }
}

impl Paths {
    fn add_use(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(first) => self.add_below(&first.ident.to_string(), &first.tree),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.add_use(item)),
            syn::UseTree::Name(name) => self.0.push((name.ident.to_string(), String::new())),
            syn::UseTree::Rename(name) => self.0.push((name.ident.to_string(), String::new())),
            syn::UseTree::Glob(_) => {}
        }
    }

    fn add_below(&mut self, first: &str, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(second) => self.0.push((first.to_owned(), second.ident.to_string())),
            syn::UseTree::Name(second) => self.0.push((first.to_owned(), second.ident.to_string())),
            syn::UseTree::Rename(second) => self.0.push((first.to_owned(), second.ident.to_string())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.add_below(first, item)),
            syn::UseTree::Glob(_) => self.0.push((first.to_owned(), "*".to_owned())),
        }
    }
}

fn for_tests_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
