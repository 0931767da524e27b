//! Settings of the embedded dossier service: `lienthong dossier-service --config FILE`.
//!
//! ```toml
//! listen     = "127.0.0.1:7443"        # port 0 takes a free one
//! database   = "dossiers.db"           # created where there is none; paths are relative to this file
//! agency     = "000.00.00.G07"         # whose desk it is: dossiers are for its units only
//! procedures = "catalogue/procedures.toml"
//! holidays   = "catalogue/holidays.toml"
//! time_zone  = "+07:00"                # this is the default
//! sequence_digits   = 4                # of a dossier's number of the day, 4 to 7; this is the default
//! message_bytes_max = 16777216         # largest request; this is the default
//!
//! [tls]
//! certificate  = "pki/dossier.crt"     # with its chain
//! key          = "pki/dossier.key"
//! client_trust = ["pki/ca.crt"]        # who signs the certificates of those who may call
//! ```

use std::path::{Path, PathBuf};

use jiff::tz::Offset;
use toml::de::DeTable;

use super::keys::Keys;
use crate::dossier::catalogue::Catalogue;
use crate::dossier::code::AgencyCode;
use crate::dossier::holidays;
use crate::dossier::server::Settings;
use crate::problem::{Place, Problems};

/// Everything the command needs, checked.
#[derive(Debug, Clone)]
pub struct DossierService {
    /// The service itself.
    pub service: Settings,
    /// How its connections are protected.
    pub tls: Tls,
}

/// Files of the service's mutual TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificate with its chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Certificates of the authorities that sign client certificates, PEM.
    pub client_trust: Vec<PathBuf>,
}

/// Reads and checks a settings file with the files it names.
///
/// Everything wrong is added to `problems`; `None` where the service cannot start.
pub fn load(file: &Path, problems: &mut Problems) -> Option<DossierService> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.error(Place::file(file), format!("cannot be read: {error}"), "name a settings file");
            return None;
        }
    };
    let mut found = Problems::new();
    let settings = check(&text, file, &mut found);
    let usable = !found.has_errors();
    problems.append(found);
    settings.filter(|_| usable)
}

fn check(text: &str, file: &Path, problems: &mut Problems) -> Option<DossierService> {
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
        "holidays",
        "time_zone",
        "sequence_digits",
        "message_bytes_max",
        "tls",
    ]);
    let zone = root.parsed("time_zone", Some("+07:00"), "write an offset like \"+07:00\"", offset);
    let listen = root.parsed("listen", None, "write an address like \"127.0.0.1:7443\"", |text| text.parse().ok());
    let agency = root.parsed("agency", None, "write a code like \"000.00.00.G07\" or \"G07\"", AgencyCode::parse);
    let database = root.path("database");
    let sequence_digits = root.integer("sequence_digits", 4, 4..=7);
    let message_bytes_max = root.integer("message_bytes_max", 16 << 20, 64 << 10..=256 << 20);
    let procedures = root.path("procedures");
    let holidays = root.path("holidays");
    let tls = root.table("tls").and_then(|mut keys| {
        keys.only(&["certificate", "key", "client_trust"]);
        let (certificate, key, client_trust) = (keys.path("certificate"), keys.path("key"), keys.paths("client_trust"));
        Some(Tls { certificate: certificate?, key: key?, client_trust: client_trust? })
    });
    let catalogue = procedures.and_then(|file| Catalogue::load(&file, problems));
    let calendar = holidays.and_then(|file| holidays::load(&file, zone.unwrap_or(Offset::UTC), problems));
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
        tls: tls?,
    })
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
    use expect_test::{Expect, expect};

    fn catalogue() -> String {
        concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/hoso/catalogue").to_owned()
    }

    fn check_problems(text: &str, expected: Expect) {
        let mut problems = Problems::new();
        let text = text.replace("CATALOGUE", &catalogue());
        let settings = check(&text, Path::new("etc/dossier.toml"), &mut problems);
        assert!(settings.is_none() || !problems.has_errors());
        let errors: Vec<String> = problems.to_string().split_inclusive('\n').map(str::to_owned).collect();
        // The shipped catalogue has notes of its own, which are not this file's.
        let own: String = errors.into_iter().filter(|line| !line.contains(": note: ")).collect();
        expected.assert_eq(&own);
    }

    #[test]
    fn sound_settings_take_paths_from_their_own_folder() {
        let text = r#"
            listen = "127.0.0.1:0"
            database = "data/dossiers.db"
            agency = "000.00.00.G07"
            procedures = "CATALOGUE/procedures.toml"
            holidays = "CATALOGUE/holidays.toml"
            [tls]
            certificate = "/pki/dossier.crt"
            key = "pki/dossier.key"
            client_trust = ["pki/ca.crt"]
        "#;
        let mut problems = Problems::new();
        let text = text.replace("CATALOGUE", &catalogue());
        let settings = check(&text, Path::new("etc/dossier.toml"), &mut problems).expect("sound");
        assert!(!problems.has_errors(), "{problems}");
        assert_eq!(settings.service.database, Path::new("etc/data/dossiers.db"));
        assert_eq!(settings.service.calendar.zone, Offset::constant(7));
        assert_eq!((settings.service.sequence_digits, settings.service.message_bytes_max), (4, 16 << 20));
        let tls = Tls {
            certificate: "/pki/dossier.crt".into(),
            key: "etc/pki/dossier.key".into(),
            client_trust: vec!["etc/pki/ca.crt".into()],
        };
        assert_eq!(settings.tls, tls);
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        check_problems(
            r#"listen = "7443"
agency = "G7"
colour = "red"
procedures = "none.toml"
holidays = 5
time_zone = "Asia/Saigon"
sequence_digits = 3
[tls]
certificate = "a"
ca = "b"
client_trust = []
"#,
            expect![[r#"
                etc/dossier.toml:1: error: setting listen is not understood
                    remedy: write an address like "127.0.0.1:7443"
                etc/dossier.toml:1: error: setting database is missing
                    remedy: add it
                etc/dossier.toml:2: error: setting agency is not understood
                    remedy: write a code like "000.00.00.G07" or "G07"
                etc/dossier.toml:3: error: unknown setting colour
                    remedy: known are listen, database, agency, procedures, holidays, time_zone, sequence_digits, message_bytes_max, tls
                etc/dossier.toml:5: error: setting holidays is no text
                    remedy: write it in quotes
                etc/dossier.toml:6: error: setting time_zone is not understood
                    remedy: write an offset like "+07:00"
                etc/dossier.toml:7: error: setting sequence_digits is out of range
                    remedy: write a number from 4 to 7
                etc/dossier.toml:8: error: setting tls.key is missing
                    remedy: add it
                etc/dossier.toml:10: error: unknown setting tls.ca
                    remedy: known are certificate, key, client_trust
                etc/dossier.toml:11: error: setting tls.client_trust is no list of files
                    remedy: write it like ["pki/ca.crt"]
                etc/none.toml: error: cannot be read: No such file or directory (os error 2)
                    remedy: name a catalogue of procedures
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
