//! `store`: where that is kept which must outlive a restart.

use super::keys::Keys;
use crate::problem::Place;
use crate::store::ledger::Address;
use crate::store::postgres::address::Server;

/// Reads `store`, which may be left out, and `store_password`; with what the URL names.
pub(super) fn store(root: &mut Keys<'_, '_>) -> Option<Address> {
    let (at, store) = if root.has("store") { root.text("store")? } else { (root.at, STORE) };
    if !SCHEMES.iter().any(|scheme| store.starts_with(scheme)) {
        if root.has("store_password") {
            let fact = "store_password is given, and store is a file";
            root.wrong(at, fact.to_owned(), "leave it out, or write store = \"postgres://…\"");
        }
        return Some(Address::File(root.relative(store)));
    }
    let password = if root.has("store_password") { Some(password(root)?) } else { None };
    match Server::parse(store, &root.relative(""), password.as_ref().map(|password| password.as_bytes())) {
        Ok(server) => Some(Address::Postgres(server)),
        Err(error) => {
            root.wrong(at, error.to_string(), error.remedy());
            None
        }
    }
}

/// The first line of the file.
fn password(root: &mut Keys<'_, '_>) -> Option<zeroize::Zeroizing<String>> {
    let file = root.path("store_password")?;
    match std::fs::read_to_string(&file).map(zeroize::Zeroizing::new) {
        Ok(text) => Some(zeroize::Zeroizing::new(text.lines().next().unwrap_or_default().to_owned())),
        Err(error) => {
            let remedy = "name the file of the store's password";
            root.problems.error(Place::file(&file), format!("cannot be read: {error}"), remedy);
            None
        }
    }
}

const STORE: &str = "lienthong.db";
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
