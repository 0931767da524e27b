//! Files and a clock in, log entries and metrics out.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use expect_test::{Expect, expect};

use super::*;
use crate::clock::UnixMillis;
use crate::config::signature::SignatureFiles;
use crate::config::tls::TlsFiles;
use crate::config::watch::Watch;
use crate::pki::{KeyFile, StaleCrls};
use crate::wsse::timestamp::Tolerance;

/// Takes log entries as they are made.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics with the lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// What `work` logs, without the folder.
    fn of(folder: &Path, work: impl FnOnce()) -> String {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_target(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = log.0.lock().expect("no test panics with the lock").clone();
        let said = String::from_utf8(bytes).expect("UTF-8");
        said.replace(&format!("{}/", folder.display()), "").trim().to_owned()
    }
}

fn moment(text: &str) -> UnixMillis {
    let moment: jiff::Timestamp = text.parse().expect("a moment");
    UnixMillis(moment.as_millisecond())
}

/// Writes a pair of this validity that is its own trust anchor.
fn write_pair(folder: &Path, years: (i32, i32)) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    fs::write(folder.join("gateway.crt"), certificate).expect("written");
    fs::write(folder.join("gateway.key"), key.serialize_pem()).expect("written");
    fs::set_permissions(folder.join("gateway.key"), fs::Permissions::from_mode(0o600)).expect("a mode");
}

/// A reloader of files in a folder, at a time.
fn reloader(folder: &Path, clock: &Clock, metrics: &Arc<Metrics>) -> Reloader {
    let members = folder.join("members.toml");
    fs::write(&members, "").expect("written");
    let tls = TlsFiles {
        certificate: folder.join("gateway.crt"),
        key: KeyFile::from(&folder.join("gateway.key")),
        client_trust: vec![folder.join("ca.crt")],
        crls: Vec::new(),
        stale_crls: StaleCrls::Refuse,
        services: Vec::new(),
        signature: SignatureFiles { trust: None, identity: None, algorithm: None, tolerance: Tolerance::default() },
    };
    let anchor = rcgen::generate_simple_self_signed(["ca".to_owned()]).expect("a certificate");
    fs::write(folder.join("ca.crt"), anchor.cert.pem()).expect("written");
    let (mut members_seen, mut tls_seen) = (Watch::default(), Watch::default());
    members_seen.has_changed(&members_paths(&members));
    tls_seen.has_changed(&tls.paths());
    let mut problems = Problems::new();
    let registry = Registry::load(&members, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let made = tls.load(clock.now(), &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let every = Duration::from_secs(5);
    let (connectors, expiries) = (made.connectors, made.expiries);
    let settings = Reload { every, members, members_seen, tls, tls_seen, connectors, expiries };
    let live = Live {
        registry: Arc::new(ArcSwap::from_pointee(registry)),
        acceptor: made.acceptor,
        keys: Arc::new(ArcSwap::from_pointee(made.signature)),
    };
    Reloader::new(settings, live, metrics.clone(), clock.clone())
}

#[test]
fn an_end_that_is_near_is_logged_once_for_each_threshold_and_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write_pair(folder, (2025, 2027));
    let clock = Clock::at(moment("2026-11-01T00:00:00Z"));
    let mut reloader = reloader(folder, &clock, &Arc::default());
    let mut check = |now: &str, expected: Expect| {
        clock.set(moment(now));
        let said = Log::of(folder, || {
            for _ in 0..3 {
                reloader.check(Asked::Routinely);
            }
        });
        expected.assert_eq(&said);
    };
    check("2026-11-30T00:00:00Z", expect![""]);
    check(
        "2026-12-03T00:00:00Z",
        expect![[
            r#"WARN an end is near file=gateway.crt fact="the certificate expires in 29 days" remedy="renew it""#
        ]],
    );
    check("2026-12-10T00:00:00Z", expect![""]);
    check(
        "2026-12-20T00:00:00Z",
        expect![[
            r#"WARN an end is near file=gateway.crt fact="the certificate expires in 12 days" remedy="renew it""#
        ]],
    );
    check(
        "2026-12-31T12:00:00Z",
        expect![[r#"WARN an end is near file=gateway.crt fact="the certificate expires in 0 days" remedy="renew it""#]],
    );
    write_pair(folder, (2026, 2028));
    check("2027-01-02T00:00:00Z", expect![[r#"INFO reloaded what="tls" warnings="#]]);
    check(
        "2027-12-03T00:00:00Z",
        expect![[
            r#"WARN an end is near file=gateway.crt fact="the certificate expires in 29 days" remedy="renew it""#
        ]],
    );
}

#[test]
fn a_failure_is_told_once_tried_again_and_told_again_to_whoever_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write_pair(folder, (2025, 2060));
    let clock = Clock::at(moment("2026-11-01T00:00:00Z"));
    let metrics: Arc<Metrics> = Arc::default();
    let mut reloader = reloader(folder, &clock, &metrics);
    // Good next year only.
    write_pair(folder, (2027, 2060));
    let failed = || {
        expect![[r#"
            WARN changed files cannot be used: what was read before them is what="tls" problems=gateway.crt: error: the certificate is not valid yet
                remedy: check its dates and this machine's clock"#]]
    };
    let mut look = |asked| {
        let mut reloaded = None;
        let said = Log::of(folder, || reloaded = Some(reloader.check(asked)));
        (reloaded.expect("a look").tls, said)
    };
    let (outcome, said) = look(Asked::Routinely);
    assert!(matches!(outcome, Outcome::Failed(_)));
    failed().assert_eq(&said);
    let (outcome, said) = look(Asked::Routinely);
    assert!(matches!(outcome, Outcome::Failed(_)));
    assert_eq!(said, "");
    failed().assert_eq(&look(Asked::ByHand).1);
    assert!(metrics.encode().contains("lienthong_reload_failed{what=\"tls\"} 1"));
    clock.set(moment("2027-02-01T00:00:00Z"));
    assert_eq!(look(Asked::Routinely).0, Outcome::Replaced);
    assert_eq!(look(Asked::Routinely).0, Outcome::Unchanged);
    assert!(metrics.encode().contains("lienthong_reload_failed{what=\"tls\"} 0"));
}

#[test]
fn a_pipe_in_a_files_place_does_not_end_all_reloading() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write_pair(folder, (2025, 2027));
    let mut reloader = reloader(folder, &Clock::at(moment("2026-06-01T00:00:00Z")), &Arc::default());
    for name in ["members.toml", "ca.crt"] {
        fs::remove_file(folder.join(name)).expect("removed");
        let made = std::process::Command::new("mkfifo").arg(folder.join(name)).status().expect("mkfifo runs");
        assert!(made.success());
    }
    let mut reloaded = None;
    // What is logged outside of one could be missing in another's, which runs at the same time.
    Log::of(folder, || reloaded = Some(reloader.check(Asked::Routinely)));
    let Reloaded { members, tls } = reloaded.expect("it has been looked");
    for (outcome, name) in [(members, "members.toml"), (tls, "ca.crt")] {
        let Outcome::Failed(problems) = outcome else { panic!("{name}: {outcome:?}") };
        assert!(problems.to_string().contains(&format!("{name}: error: is no regular file")), "{problems}");
    }
}
