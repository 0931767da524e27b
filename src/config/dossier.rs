//! Settings of the embedded dossier service: `lienthong dossier-service --config FILE`.
//!
//! ```toml
//! listen     = "127.0.0.1:7443"        # port 0 takes a free one
//! database   = "dossiers.db"           # created where there is none; paths are relative to this file
//! agency     = "000.00.00.G07"         # whose desk it is: dossiers are for its units only
//! procedures = "catalogue/procedures.toml"   # or a list; .json as the national catalogue answers LayDanhSachTTHC
//! agencies   = "catalogue/agencies.toml"
//! codes      = "catalogue/codes.toml"
//! holidays   = "catalogue/holidays.toml"
//! time_zone  = "+07:00"                # this is the default
//! sequence_digits   = 4                # of a dossier's number of the day, 4 to 7; this is the default
//! message_bytes_max = 16777216         # largest request; this is the default
//!
//! [tls]
//! certificate  = "pki/dossier.crt"     # with its chain
//! key          = "pki/dossier.key"
//! client_trust = ["pki/ca.crt"]        # who signs the certificates of those who connect
//!
//! [callers]                            # whose certificates may call; their public keys are what counts
//! gateway  = ["pki/gateway.crt"]       # speaks for the members it names
//! ministry = ["pki/officers.crt"]      # sees all, acts for officers
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::Offset;
use toml::de::DeTable;

use super::keys::Keys;
use crate::clock::UnixMillis;
use crate::crypto::certificate::Certificate;
use crate::dossier::admission::{Admission, Role};
use crate::dossier::catalogue::{Catalogue, Files};
use crate::dossier::code::AgencyCode;
use crate::dossier::holidays;
use crate::dossier::incoming::Transport;
use crate::dossier::server::Settings;
use crate::pki::{Identity, Trust};
use crate::problem::{Place, Problems};
use crate::tls::Acceptor;

/// Everything the command needs, checked.
#[derive(Debug, Clone)]
pub struct DossierService {
    /// The service itself.
    pub service: Settings,
    /// How its connections are protected, and who may call.
    pub transport: Transport,
}

/// Reads and checks a settings file with the files it names.
///
/// Everything wrong is added to `problems`; `None` where the service cannot start. Certificates are judged by `now`.
pub fn load(file: &Path, now: UnixMillis, problems: &mut Problems) -> Option<DossierService> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.error(Place::file(file), format!("cannot be read: {error}"), "name a settings file");
            return None;
        }
    };
    let mut found = Problems::new();
    let settings = check(&text, file, now, &mut found);
    let usable = !found.has_errors();
    problems.append(found);
    settings.filter(|_| usable)
}

fn check(text: &str, file: &Path, now: UnixMillis, problems: &mut Problems) -> Option<DossierService> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or(Place::file(file), |span| Place::at(file, text, span.start));
        problems.error(place, error.message(), "correct the file");
    }
    if !errors.is_empty() {
        return None;
    }
    let mut root = Keys { text, file, name: "", table: root.get_ref(), at: 0, problems };
    root.only(&[
        "listen",
        "database",
        "agency",
        "procedures",
        "agencies",
        "codes",
        "holidays",
        "time_zone",
        "sequence_digits",
        "message_bytes_max",
        "tls",
        "callers",
    ]);
    let zone = root.parsed("time_zone", Some("+07:00"), "write an offset like \"+07:00\"", offset);
    let listen = root.parsed("listen", None, "write an address like \"127.0.0.1:7443\"", |text| text.parse().ok());
    let agency = root.parsed("agency", None, "write a code like \"000.00.00.G07\" or \"G07\"", AgencyCode::parse);
    let database = root.path("database");
    let sequence_digits = root.integer("sequence_digits", 4, 4..=7);
    let message_bytes_max = root.integer("message_bytes_max", 16 << 20, 64 << 10..=256 << 20);
    let procedures = root.path_or_paths("procedures");
    let agencies = root.path("agencies");
    let codes = root.path("codes");
    let holidays = root.path("holidays");
    let tls = root.table("tls").and_then(|mut keys| {
        keys.only(&["certificate", "key", "client_trust"]);
        let (certificate, key, client_trust) = (keys.path("certificate"), keys.path("key"), keys.paths("client_trust"));
        Some((certificate?, key?, client_trust?))
    });
    let callers = root.table("callers").and_then(|mut keys| {
        keys.only(&["gateway", "ministry"]);
        let (gateway, ministry) = (keys.paths("gateway"), keys.paths("ministry"));
        Some([(Role::Gateway, gateway?), (Role::Ministry, ministry?)])
    });
    let catalogue = procedures
        .zip(agencies)
        .zip(codes)
        .and_then(|((procedures, agencies), codes)| Catalogue::load(&Files { procedures, agencies, codes }, problems));
    let calendar = holidays.and_then(|file| holidays::load(&file, zone.unwrap_or(Offset::UTC), problems));
    let acceptor = tls.and_then(|(certificate, key, client_trust)| {
        let identity = Identity::load(&certificate, &key, now, problems);
        let trust = Trust::of_anchors(&client_trust, now, problems);
        accepting(&certificate, &identity?, &trust?, problems)
    });
    let admission = callers.and_then(|callers| admitted(callers, problems));
    Some(DossierService {
        service: Settings {
            listen: listen?,
            database: database?,
            agency: agency?,
            sequence_digits: u8::try_from(sequence_digits?).ok()?,
            catalogue: catalogue?,
            calendar: calendar?,
            message_bytes_max: usize::try_from(message_bytes_max?).ok()?,
        },
        transport: Transport::Mutual { acceptor: acceptor?, admission: Arc::new(admission?) },
    })
}

fn accepting(file: &Path, identity: &Identity, trust: &Trust, problems: &mut Problems) -> Option<Acceptor> {
    match Acceptor::new(identity, trust, &["h2"]) {
        Ok(acceptor) => Some(acceptor),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            problems.error(Place::file(file), format!("{error}{cause}"), "name a certificate, its key and its CA");
            None
        }
    }
}

fn admitted(callers: [(Role, Vec<PathBuf>); 2], problems: &mut Problems) -> Option<Admission> {
    let mut admission = Admission::new();
    let mut sound = true;
    for (role, file) in callers.iter().flat_map(|(role, files)| files.iter().map(move |file| (*role, file))) {
        match std::fs::read(file).ok().and_then(|pem| Certificate::from_pem(&pem)) {
            Some(certificate) => admission.admit(&certificate, role),
            None => {
                sound = false;
                problems.error(Place::file(file), "no certificate", "name the PEM certificate of a caller");
            }
        }
    }
    sound.then_some(admission)
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let fits = (0..=14).contains(&hours) && (0..60).contains(&minutes);
    fits.then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::dossier::tests::pki::Authority;
    use expect_test::{Expect, expect};

    fn catalogue() -> String {
        concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/hoso/catalogue").to_owned()
    }

    fn check_problems(text: &str, expected: Expect) {
        let mut problems = Problems::new();
        let text = text.replace("CATALOGUE", &catalogue());
        let settings = check(&text, Path::new("etc/dossier.toml"), UnixMillis(0), &mut problems);
        assert!(settings.is_none() || !problems.has_errors());
        let errors: Vec<String> = problems.to_string().split_inclusive('\n').map(str::to_owned).collect();
        // The shipped catalogue has notes of its own, which are not this file's.
        let own: String = errors.into_iter().filter(|line| !line.contains(": note: ")).collect();
        expected.assert_eq(&own);
    }

    #[test]
    fn sound_settings_take_paths_from_their_own_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new(folder.path(), "ca");
        ["service", "gateway", "officers"].iter().for_each(|name| authority.sign(name));
        let text = r#"
            listen = "127.0.0.1:0"
            database = "data/dossiers.db"
            agency = "000.00.00.G07"
            procedures = ["CATALOGUE/procedures.toml"]
            agencies = "CATALOGUE/agencies.toml"
            codes = "CATALOGUE/codes.toml"
            holidays = "CATALOGUE/holidays.toml"
            [tls]
            certificate = "service.crt"
            key = "service.key"
            client_trust = ["ca.crt"]
            [callers]
            gateway = ["gateway.crt"]
            ministry = ["officers.crt"]
        "#;
        let file = folder.path().join("dossier.toml");
        std::fs::write(&file, text.replace("CATALOGUE", &catalogue())).expect("written");
        let mut problems = Problems::new();
        let settings = load(&file, Clock::System.now(), &mut problems).expect("sound").service;
        assert!(!problems.has_errors(), "{problems}");
        assert_eq!(settings.database, folder.path().join("data/dossiers.db"));
        assert_eq!(settings.calendar.zone, Offset::constant(7));
        assert_eq!((settings.sequence_digits, settings.message_bytes_max), (4, 16 << 20));
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        check_problems(
            r#"listen = "7443"
agency = "G7"
colour = "red"
procedures = "none.toml"
agencies = "none.toml"
codes = "none.toml"
holidays = 5
time_zone = "Asia/Saigon"
sequence_digits = 3
[tls]
certificate = "a"
ca = "b"
client_trust = []
[callers]
gateway = ["dossier.toml"]
ministry = "officers.crt"
"#,
            expect![[r#"
                etc/dossier.toml:1: error: setting listen is not understood
                    remedy: write an address like "127.0.0.1:7443"
                etc/dossier.toml:1: error: setting database is missing
                    remedy: add it
                etc/dossier.toml:2: error: setting agency is not understood
                    remedy: write a code like "000.00.00.G07" or "G07"
                etc/dossier.toml:3: error: unknown setting colour
                    remedy: known are listen, database, agency, procedures, agencies, codes, holidays, time_zone, sequence_digits, message_bytes_max, tls, callers
                etc/dossier.toml:7: error: setting holidays is no text
                    remedy: write it in quotes
                etc/dossier.toml:8: error: setting time_zone is not understood
                    remedy: write an offset like "+07:00"
                etc/dossier.toml:9: error: setting sequence_digits is out of range
                    remedy: write a number from 4 to 7
                etc/dossier.toml:10: error: setting tls.key is missing
                    remedy: add it
                etc/dossier.toml:12: error: unknown setting tls.ca
                    remedy: known are certificate, key, client_trust
                etc/dossier.toml:13: error: setting tls.client_trust is no list of files
                    remedy: write it like ["pki/ca.crt"]
                etc/dossier.toml:16: error: setting callers.ministry is no list of files
                    remedy: write it like ["pki/ca.crt"]
                etc/none.toml: error: cannot be read: No such file or directory (os error 2)
                    remedy: name a catalogue of procedures
                etc/none.toml: error: cannot be read: No such file or directory (os error 2)
                    remedy: name a catalogue of agencies
                etc/none.toml: error: cannot be read: No such file or directory (os error 2)
                    remedy: name a catalogue of code lists
            "#]],
        );
        check_problems(
            "listen = \nagency = 'G07\n",
            expect![[r#"
            etc/dossier.toml:1: error: string values must be quoted, expected literal string
                remedy: correct the file
            etc/dossier.toml:2: error: invalid literal string, expected `'`
                remedy: correct the file
        "#]],
        );
    }
}
