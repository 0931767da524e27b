//! Keys in a PKCS#11 device: SoftHSM2, where it is installed; said aloud where it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use lienthong::clock::Clock;
use lienthong::crypto::signature::{Algorithm, PublicKey};
use lienthong::pki::{Identity, KeyFile};
use lienthong::problem::Problems;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::envelope;
use lienthong::sandbox::run::{self, Options};
use lienthong::soap::version::Version;
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use crate::client::{Http, Identity as Client, post, send};
use crate::command::Serve;
use crate::hostile;
use crate::world::xroad;

/// A token of the test's own, and where SoftHSM2 finds it.
struct Token {
    dir: TempDir,
}

impl Token {
    /// A fresh token; `None`, aloud, without SoftHSM2.
    fn new() -> Option<Self> {
        if !Path::new(MODULE).exists() || Command::new("softhsm2-util").arg("--version").output().is_err() {
            eprintln!("SoftHSM2 is not installed: a test is skipped");
            return None;
        }
        let token = Self { dir: TempDir::new().expect("a directory") };
        fs::create_dir(token.path("tokens")).expect("made");
        let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", token.path("tokens").display());
        fs::write(token.settings(), text).expect("written");
        fs::write(token.pin(), PIN).expect("written");
        fs::set_permissions(token.pin(), fs::Permissions::from_mode(0o600)).expect("a mode");
        token.run(&["--init-token", "--free", "--label", "a token", "--so-pin", "12345678", "--pin", PIN]);
        Some(token)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn settings(&self) -> PathBuf {
        self.path("softhsm2.conf")
    }

    fn pin(&self) -> PathBuf {
        self.path("pin")
    }

    fn run(&self, arguments: &[&str]) {
        let ran = Command::new("softhsm2-util").env(SETTINGS, self.settings()).args(arguments).output();
        let output = ran.expect("softhsm2-util starts");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Takes a PKCS#8 PEM key into the token and removes the file.
    fn import(&self, key: &Path, label: &str, id: &str) {
        let file = key.to_str().expect("UTF-8");
        self.run(&["--import", file, "--token", "a token", "--label", label, "--id", id, "--pin", PIN]);
        fs::remove_file(key).expect("removed");
    }
}

fn uri(label: &str) -> String {
    format!("pkcs11:token=a%20token;object={label}?module-path={MODULE}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_serves_by_a_key_that_it_does_not_have() {
    let Some(token) = Token::new() else { return };
    let dir = TempDir::new().expect("a directory");
    let layout = run::prepare(&Options { dir: dir.path().to_path_buf(), ..Options::default() }).expect("prepared");
    token.import(&layout.pair("gateway").key, "gateway", "01");
    let file = layout.path("lienthong.toml");
    let pin = token.pin().display().to_string();
    let settings = fs::read_to_string(&file).expect("readable");
    let settings = settings.replace("https://127.0.0.1:0", "https://127.0.0.1:1");
    let key = format!("\"{}\"\nkey_passphrase = \"{pin}\"", uri("gateway"));
    fs::write(&file, settings.replace("\"pki/gateway.key\"", &key)).expect("written");
    let serve = Serve::start_where(&file, &[(SETTINGS, &token.settings())]);
    for http in [Http::One, Http::Two] {
        let answer = ask(&layout, &serve.soap, http).await;
        // Nobody listens where the dossier service should be: the fault is the gateway's own.
        assert_eq!(answer, 500);
    }
    assert!(!serve.said().contains(PIN), "the PIN is printed");
}

async fn ask(layout: &Layout, soap: &str, http: Http) -> u16 {
    let pair = layout.member("dvcqg");
    let client = Client { ca: layout.ca(), pair: Some((pair.certificate, pair.key)) };
    let message = envelope(Version::Soap11, Some(&xroad("dvcqg", "TraCuuHoSo")), &hostile::lookup(hostile::UNKNOWN));
    let request = post(&format!("https://{soap}/soap/hoso"), Version::Soap11.content_type(), message);
    send(&client, http, request).await.expect("answered").status
}

/// The module reads its environment when it is loaded, so the test has a process of its own.
#[test]
fn a_device_signs_by_every_mechanism_of_its_keys() {
    let Some(token) = Token::new() else { return };
    let this = std::env::current_exe().expect("a test has a file");
    let ran = Command::new(this)
        .args(["--exact", "device::signs_in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env(SETTINGS, token.settings())
        .env(TOKEN_DIR, token.dir.path())
        .output()
        .expect("the test starts");
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "started by a_device_signs_by_every_mechanism_of_its_keys"]
fn signs_in_a_process_of_its_own() {
    let dir = PathBuf::from(std::env::var_os(TOKEN_DIR).expect("the test that starts this one says where"));
    let kinds = [
        ("rsa", &rcgen::PKCS_RSA_SHA256),
        ("p256", &rcgen::PKCS_ECDSA_P256_SHA256),
        ("p384", &rcgen::PKCS_ECDSA_P384_SHA384),
    ];
    for (at, (label, kind)) in kinds.into_iter().enumerate() {
        let key = KeyPair::generate_for(kind).expect("a key");
        let certificate = CertificateParams::default().self_signed(&key).expect("a certificate");
        let file = dir.join(format!("{label}.crt"));
        fs::write(&file, certificate.pem()).expect("written");
        let private = dir.join(format!("{label}.key"));
        fs::write(&private, key.serialize_pem()).expect("written");
        let id = format!("0{at}");
        let import = ["--import", &private.display().to_string(), "--token", "a token", "--label", label];
        let ran = Command::new("softhsm2-util").args(import).args(["--id", &id, "--pin", PIN]).output();
        assert!(ran.expect("softhsm2-util starts").status.success());
        let load = |certificate: &Path, label: &str, pin: &Path| {
            let mut problems = Problems::new();
            let key = KeyFile { path: PathBuf::from(uri(label)), passphrase: Some(pin.to_path_buf()) };
            let identity = Identity::load(certificate, key, Clock::System.now(), &mut problems);
            (identity, problems.to_string())
        };
        let pin = dir.join("pin");
        let (identity, said) = load(&file, label, &pin);
        let identity = identity.unwrap_or_else(|| panic!("{said}"));
        let public = PublicKey::of_certificate(certificate.der()).expect("readable");
        for round in 0..3 {
            for algorithm in Algorithm::all().filter(|algorithm| algorithm.signs(public.kind())) {
                let message = format!("message {round}");
                let signed = identity.sign(algorithm, message.as_bytes()).expect("signed");
                assert!(public.verify(algorithm, message.as_bytes(), &signed), "{algorithm:?}");
            }
        }
        assert!(load(&file, "nobody", &pin).1.contains("the token has 0 private keys of this label"));
        let other = CertificateParams::default().self_signed(&KeyPair::generate().expect("a key"));
        let others = dir.join("other.crt");
        fs::write(&others, other.expect("a certificate").pem()).expect("written");
        let (none, said) = load(&others, label, &pin);
        assert!(none.is_none() && said.contains("the key is not that of"), "{said}");
        assert!(!format!("{identity:?}{said}").contains(PIN));
    }
}

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const SETTINGS: &str = "SOFTHSM2_CONF";
const TOKEN_DIR: &str = "LIENTHONG_TEST_TOKEN";
const PIN: &str = "314159265";
