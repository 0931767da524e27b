//! `lienthong members add`: one member more, or one certificate more for a member, in members.toml.
//!
//! * The certificate is copied beside the file (`pki/members/<id>.crt`) rather than named by the SHA-256 of its key:
//!   then its expiry can be warned of, and a signature that names its certificate by key identifier or by issuer and
//!   serial can be resolved.
//! * The file is replaced whole: readers see the old one or the new one. The new one has been loaded before that, and is
//!   never put in place where anything is wrong with it.
//! * What does not end well leaves nothing behind.
//! * Who adds at the same time waits: nothing that was added is lost.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

pub use super::edit::NewMember;
use super::{Registry, description, edit, expiry, file};
use crate::clock::UnixMillis;
use crate::crypto::certificate::{Certificate, der_of_pem};
use crate::problem::{Place, Problems};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Whether the member is a new one.
    pub is_new: bool,
    /// Its id.
    pub id: String,
    /// The file that was changed.
    pub members_file: PathBuf,
    /// Where the certificate was copied to.
    pub certificate_file: PathBuf,
    /// Its subject.
    pub subject: String,
    /// SHA-256 of its public key.
    pub spki_sha256: String,
    /// Day its validity ends, UTC.
    pub valid_until: String,
    /// Certificates the member has now.
    pub certificates: usize,
    /// Whether its signatures are told by a list of their own, to which nothing was added.
    pub signs_apart: bool,
}

/// Adds a member with this certificate (PEM), or the certificate to the member of this id. An empty id is taken from the
/// certificate's common name.
///
/// Everything wrong is added to `problems`; nothing has changed then.
pub fn add(
    members_file: &Path,
    certificate: &Path,
    wish: NewMember,
    (now, problems): (UnixMillis, &mut Problems),
) -> Option<Added> {
    // Released when it is dropped, or its process ends.
    let _alone = alone(members_file, problems)?;
    let found = Found::read(members_file, certificate, now, problems)?;
    let wish = found.named(wish, problems)?;
    let old =
        found.registry.as_ref().and_then(|members| members.members().find(|member| member.id.as_str() == wish.id));
    let is_new = old.is_none();
    let folder = found.file.parent().unwrap_or(Path::new(""));
    let relative = free_name(folder, &wish.id, &found.facts);
    let text = match is_new {
        true => edit::with_member(&found.text, &wish, &relative),
        false => match edit::with_certificate(&found.text, &wish.id, &relative) {
            Some(text) => text,
            None => {
                let message = format!("the certificates of {} do not stand in one list", wish.id);
                problems.error(Place::file(&found.file), message, "write certificates = [{ file = \"…\" }]");
                return None;
            }
        },
    };
    let copy = folder.join(&relative);
    if let Err(error) = keep(&copy, pem(&found.der).as_bytes(), None) {
        problems.error(Place::file(&copy), format!("cannot be written: {error}"), "check the folder's permissions");
        return None;
    }
    let Some(registry) = replace(&found.file, &text, problems) else {
        // Nothing names it.
        _ = std::fs::remove_file(&copy);
        return None;
    };
    let member = registry.members().find(|member| member.id.as_str() == wish.id)?;
    Some(Added {
        is_new,
        id: wish.id,
        members_file: found.file,
        certificate_file: copy,
        subject: found.facts.subject.clone(),
        spki_sha256: found.facts.spki.to_string(),
        valid_until: description::day(found.facts.not_after),
        certificates: member.certificates.len(),
        signs_apart: member.signing_certificates.is_some(),
    })
}

/// Waits until nobody else adds to this file: of two who read the same old text, the second would undo what the first did.
///
/// The folder is locked: the file itself is replaced.
fn alone(members_file: &Path, problems: &mut Problems) -> Option<File> {
    let file = std::fs::canonicalize(members_file).unwrap_or_else(|_| members_file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let locked = File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
    locked
        .map_err(|error| {
            problems.error(
                Place::file(folder),
                format!("cannot be locked: {error}"),
                "check the folder and its permissions",
            )
        })
        .ok()
}

/// What is there before anything is changed.
struct Found {
    /// The file itself, where its name is a link to it.
    file: PathBuf,
    text: String,
    /// `None` where there is no file yet.
    registry: Option<Registry>,
    facts: Certificate,
    der: Vec<u8>,
}

impl Found {
    fn read(file: &Path, certificate: &Path, now: UnixMillis, problems: &mut Problems) -> Option<Self> {
        let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let der = std::fs::read(certificate).ok().and_then(|pem| der_of_pem(&pem));
        let read = der.and_then(|der| Some((Certificate::from_der(&der)?, der)));
        if read.is_none() {
            let remedy = "name the member's certificate; its private key stays with the member";
            problems.error(Place::file(certificate), "is no readable PEM certificate", remedy);
        }
        let is_expired = read.as_ref().is_some_and(|(facts, _)| now > facts.not_after);
        if let Some(said) = read.as_ref().and_then(|(facts, _)| expiry::said(facts, now)) {
            match is_expired {
                true => problems.error(Place::file(certificate), said, "ask the member for its new certificate"),
                false => problems.warning(Place::file(certificate), said, "mind the date"),
            }
        }
        let (text, registry) = match std::fs::read_to_string(&file) {
            Ok(text) => (text, Some(Registry::load(&file, problems)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
            Err(error) => {
                problems.error(Place::file(&file), format!("cannot be read: {error}"), "check its permissions");
                return None;
            }
        };
        let (facts, der) = read?;
        (!is_expired).then_some(Self { file, text, registry, facts, der })
    }

    /// The wish with its id, if it can be had.
    fn named(&self, mut wish: NewMember, problems: &mut Problems) -> Option<NewMember> {
        let asked = !wish.id.is_empty();
        if !asked {
            wish.id = common_name(&self.facts.subject).unwrap_or_default().to_lowercase();
        }
        let place = Place::file(&self.file);
        let id = &wish.id;
        if id.is_empty() {
            problems.error(place, "the certificate has no common name to call the member by", "say --id");
            return None;
        }
        if !file::is_id(id) {
            problems.error(place, format!("'{id}' is made of other than {}", file::ID_MADE_OF), "say another --id");
            return None;
        }
        let mut members = self.registry.iter().flat_map(Registry::members);
        let Some(member) = members.find(|member| member.id.as_str() == id) else { return Some(wish) };
        if !asked {
            let remedy = format!("say --id {id} to add a certificate to it, or another id");
            problems.error(place, format!("there is a member {id} already"), remedy);
        } else if wish != (NewMember { id: id.clone(), ..NewMember::default() }) {
            let message = format!("there is a member {id} already, to which a certificate is added and nothing else");
            problems.error(place, message, "leave the other options out; change the rest in the file");
        } else if member.holds(&self.facts) {
            problems.error(place, format!("{id} has this certificate's key already"), "nothing is to be done");
        } else {
            return Some(wish);
        }
        None
    }
}

/// Puts a new text in the file's place if it is sound.
fn replace(file: &Path, text: &str, problems: &mut Problems) -> Option<Registry> {
    let unwritable = |problems: &mut Problems, error: io::Error| {
        problems.error(Place::file(file), format!("cannot be replaced: {error}"), "check the folder's permissions");
    };
    // Beside the file, so that it is on the same disk and paths in it mean the same.
    let new = match written(file, text.as_bytes()) {
        Ok(new) => new,
        Err(error) => {
            unwritable(problems, error);
            return None;
        }
    };
    let mut found = Problems::new();
    let registry = Registry::load(new.path(), &mut found);
    if registry.is_none() {
        // Of the file as it would be: the lines are those of the old one and of what comes after it.
        for problem in found.sorted() {
            let line = problem.place.line.unwrap_or(1);
            problems.error(Place::line(file, line), problem.message.clone(), problem.remedy.clone());
        }
        return None;
    }
    let same_owner = std::fs::metadata(file).ok();
    match put(new, file, same_owner.as_ref()) {
        Ok(()) => registry,
        Err(error) => {
            unwritable(problems, error);
            None
        }
    }
}

/// Writes a file that is not there yet, whole or not at all.
fn keep(file: &Path, bytes: &[u8], like: Option<&std::fs::Metadata>) -> io::Result<()> {
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new("")))?;
    put(written(file, bytes)?, file, like)
}

fn written(beside: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = beside.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    Ok(new)
}

/// Gives a temporary file its name, with the mode and owner of the one that it replaces.
fn put(new: NamedTempFile, file: &Path, like: Option<&std::fs::Metadata>) -> io::Result<()> {
    let mode = like.map_or(FILE_MODE, |old| old.permissions().mode());
    std::fs::set_permissions(new.path(), Permissions::from_mode(mode))?;
    if let Some(old) = like {
        let own = new.as_file().metadata()?;
        if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
            // The gateway's user must go on reading it.
            chown(new.path(), Some(old.uid()), Some(old.gid()))?;
        }
    }
    let folder = new.path().parent().unwrap_or(Path::new(".")).to_owned();
    new.persist(file).map_err(|error| error.error)?;
    // The name is to survive a power loss, too; where that cannot be had, it is there all the same.
    _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A name for the copy that no file has: the first certificate's is the id's alone.
fn free_name(folder: &Path, id: &str, facts: &Certificate) -> String {
    let first = format!("{FOLDER}/{id}.crt");
    if !folder.join(&first).exists() {
        return first;
    }
    format!("{FOLDER}/{id}-{}-{}.crt", description::day(facts.not_after), &facts.spki.to_string()[..8])
}

/// `h57` of `C=VN, O=…, CN=h57`.
fn common_name(subject: &str) -> Option<&str> {
    subject.split(", ").find_map(|part| part.strip_prefix("CN="))
}

/// RFC 7468 §5: base64 in lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let encoded = base64_simd::STANDARD.encode_to_string(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in encoded.as_bytes().chunks(64) {
        text.extend(line.iter().map(|&byte| char::from(byte)));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

/// Where copies of certificates stand, from members.toml.
const FOLDER: &str = "pki/members";
/// Neither file holds a secret.
const FILE_MODE: u32 = 0o644;
