//! `lienthong call`: one SOAP call over mutual TLS, for people and scripts.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::clock::Clock;
use crate::pki::Identity;
use crate::problem::Problems;
use crate::sandbox::answer::{Answer, Ending};
use crate::sandbox::error::told;
use crate::sandbox::layout::{Layout, Pair};
use crate::sandbox::message::{XRoad, envelope};
use crate::sandbox::party;
use crate::sandbox::portal::Portal;
use crate::soap::version::Version;
use crate::wsse::sign::{self, Signer};
use crate::xml::encoding::to_utf8;
use crate::xml::limits::Limits;
use crate::xml::tape::Tape;

/// Send one SOAP message and print the answer.
///
/// Exit status: 0 success, 1 a fault or a refusal in the answer, 2 wrong usage or no answer.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The operation: local name of the Body's element.
    operation: String,
    /// The Body's element, or a whole envelope, which is sent as it is; `-` is standard input.
    file: PathBuf,
    /// A sandbox's directory: address, certificates and X-Road identifiers are taken from there.
    #[arg(long, required_unless_present = "url")]
    dir: Option<PathBuf>,
    /// With --dir: the member that calls.
    #[arg(long, default_value = party::PORTAL.id)]
    member: String,
    /// With --dir: the partner profile that is called.
    #[arg(long, default_value = "hoso")]
    partner: String,
    /// Where to send it: https://host:port/soap/partner.
    #[arg(long, requires_all = ["cert", "key", "ca"])]
    url: Option<String>,
    /// The caller's certificate chain, PEM.
    #[arg(long)]
    cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long)]
    key: Option<PathBuf>,
    /// Whom the caller trusts, PEM.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Write the envelope in SOAP 1.2.
    #[arg(long)]
    soap12: bool,
    /// X-Road identifier of the caller: INSTANCE/CLASS/MEMBER/SUBSYSTEM. Without it, no X-Road headers are written.
    #[arg(long, requires = "service")]
    client: Option<String>,
    /// X-Road identifier of the service's subsystem.
    #[arg(long, requires = "client")]
    service: Option<String>,
    /// Sign Body, Timestamp and message id (WS-Security); an envelope of your own: its Body and header blocks with wsu:Id.
    #[arg(long)]
    sign: bool,
    /// With --sign: the certificate to sign with, PEM; the caller's own where left out.
    #[arg(long, requires_all = ["sign", "signing_key"])]
    signing_cert: Option<PathBuf>,
    /// With --sign: its private key, PEM.
    #[arg(long, requires_all = ["sign", "signing_cert"])]
    signing_key: Option<PathBuf>,
    /// Message id of the X-Road headers; the same id again is the same request.
    #[arg(long)]
    id: Option<String>,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{}", file.display())]
    File { file: PathBuf, source: std::io::Error },
    #[error("{}: {what}", file.display())]
    NotAMessage { file: PathBuf, what: String },
    #[error("--member {member}: the sandbox has {known}")]
    Member { member: String, known: String },
    #[error("cannot sign:\n{0}")]
    SigningKey(Problems),
    #[error("cannot sign")]
    Signer(#[source] sign::Unfit),
    #[error("cannot sign")]
    Sign(#[source] sign::SignError),
    #[error(transparent)]
    Call(#[from] crate::sandbox::error::Error),
}

/// Where to, and who says so.
struct Target {
    portal: Portal,
    /// The caller's own.
    pair: Pair,
    parties: Option<(String, String)>,
}

/// Runs the command.
pub async fn run(args: Args) -> ExitCode {
    match call(&args).await {
        Ok(answer) => {
            let mut out = std::io::stdout().lock();
            // A reader that has gone away takes nothing from the outcome.
            let _ = out.write_all(&answer.body).and_then(|()| out.write_all(b"\n"));
            match answer.ending() {
                Ending::Success => ExitCode::SUCCESS,
                Ending::Refusal => ExitCode::from(1),
                Ending::Fault => {
                    eprintln!("HTTP {}", answer.status);
                    ExitCode::from(1)
                }
            }
        }
        Err(error) => {
            eprintln!("lienthong call: {}", told(&error));
            ExitCode::from(2)
        }
    }
}

async fn call(args: &Args) -> Result<Answer, Error> {
    let target = target(args)?;
    let (version, message) = message(args, target.parties)?;
    let message = if args.sign { signed(args, &target.pair, message)? } else { message };
    Ok(target.portal.post(version, message).await?)
}

fn signed(args: &Args, own: &Pair, message: Vec<u8>) -> Result<Vec<u8>, Error> {
    let certificate = args.signing_cert.as_ref().unwrap_or(&own.certificate);
    let key = args.signing_key.as_ref().unwrap_or(&own.key);
    let now = Clock::System.now();
    let mut problems = Problems::new();
    let identity = Identity::load(certificate, key, now, &mut problems).ok_or(Error::SigningKey(problems))?;
    let signer = Signer::new(identity, None, SIGNED_MS).map_err(Error::Signer)?;
    signer.sign(message, now).map_err(Error::Sign)
}

fn target(args: &Args) -> Result<Target, Error> {
    let given = args.client.clone().zip(args.service.clone());
    if let (Some(url), Some(certificate), Some(key), Some(ca)) = (&args.url, &args.cert, &args.key, &args.ca) {
        let pair = Pair { certificate: certificate.clone(), key: key.clone() };
        return Ok(Target { portal: Portal::new(url, &pair, ca)?, pair, parties: given });
    }
    let layout = Layout::at(args.dir.as_deref().unwrap_or(Path::new(".")));
    let file = layout.path("ready.json");
    let ready = layout.ready().map_err(crate::sandbox::error::Error::at(file))?;
    let ready = ready.ok_or(crate::sandbox::error::Error::NotServing)?;
    let member = party::member(&args.member).ok_or_else(|| Error::Member {
        member: args.member.clone(),
        known: party::MEMBERS.map(|known| known.id).join(", "),
    })?;
    let own = (member.identifier.to_owned(), party::MINISTRY.to_owned());
    // The address in ready.json is one profile's; the others are beside it.
    let address = ready.soap.rsplit_once('/').map_or(ready.soap.as_str(), |(base, _)| base);
    let portal = Portal::open(&format!("{address}/{}", args.partner), &layout, member)?;
    Ok(Target { portal, pair: layout.member(member.id), parties: Some(given.unwrap_or(own)) })
}

/// What is sent: the file's envelope as it is, or an envelope around its element.
fn message(args: &Args, parties: Option<(String, String)>) -> Result<(Version, Vec<u8>), Error> {
    let bytes = read(&args.file)?;
    let not = |what: String| Error::NotAMessage { file: args.file.clone(), what };
    let text = to_utf8(&bytes, None).map_err(|error| not(error.to_string()))?;
    let tape = Tape::parse(&text, &Limits::default()).map_err(|error| not(error.to_string()))?;
    let root = tape.root();
    if let Some(version) = Version::of_namespace(tape.namespace_name(tape.namespace(root))) {
        let body = tape.child_elements(root).find(|&node| tape.local(node) == "Body");
        let found = body.and_then(|body| tape.child_elements(body).next()).map_or("", |node| tape.local(node));
        return match found == args.operation {
            true => Ok((version, bytes)),
            false => Err(not(format!("the Body's element is {found:?}, not {}", args.operation))),
        };
    }
    if tape.local(root) != args.operation {
        return Err(not(format!("the element is {:?}, not {}", tape.local(root), args.operation)));
    }
    let version = if args.soap12 { Version::Soap12 } else { Version::Soap11 };
    let headers = parties.map(|(client, service)| XRoad {
        client,
        service,
        operation: args.operation.clone(),
        id: args.id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
        user: None,
        issue: None,
        signable: args.sign,
    });
    Ok((version, envelope(version, headers.as_ref(), &text[tape.span(root)])))
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let result = if file == Path::new("-") {
        std::io::stdin().take(FILE_BYTES_MAX).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
    };
    result.map_err(|source| Error::File { file: file.to_path_buf(), source })?;
    Ok(bytes)
}

/// How long a signed message holds.
const SIGNED_MS: i64 = 300_000;
const FILE_BYTES_MAX: u64 = 64 << 20;
