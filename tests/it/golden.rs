//! Every folder of tests/golden: sent in both versions of SOAP over both versions of HTTP, answers compared.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::soap::version::Version;

use crate::client::{Answer, Http, post, send};
use crate::world::{World, root_name, xroad};
use crate::{hostile, normal, xmllint};

/// One case: its folder, what happens before, and what is sent.
struct Case {
    folder: PathBuf,
    before: Vec<String>,
    input: Input,
}

enum Input {
    /// Sent as it is.
    Bytes(Vec<u8>),
    /// The Body's element, put in an envelope of either version.
    Body(String),
}

#[tokio::test(flavor = "multi_thread")]
async fn every_golden_case_gets_its_answer_and_the_next_caller_is_served() {
    let world = World::start().await;
    let mut wrong = Vec::new();
    for case in cases() {
        let answer = answers(&world, &case).await;
        if let Err(difference) = compare(&case.folder.join("answer.txt"), &answer) {
            wrong.push(difference);
        }
        world.assert_serves().await;
    }
    world.stop().await;
    assert!(wrong.is_empty(), "{}\n{} cases differ; UPDATE=1 rewrites them", wrong.join("\n"), wrong.len());
}

/// What the gateway answers, by version of SOAP; over HTTP/2 where it is not the same as over HTTP/1.1.
async fn answers(world: &World, case: &Case) -> String {
    let versions: &[Version] = match &case.input {
        Input::Bytes(_) => &[Version::Soap11],
        Input::Body(_) => &[Version::Soap11, Version::Soap12],
    };
    let mut text = String::new();
    for &version in versions {
        let first = exchange(world, case, version, Http::One).await;
        let second = exchange(world, case, version, Http::Two).await;
        text.push_str(&first);
        text.push('\n');
        if second != first {
            text.push_str(&format!("over HTTP/2: {second}\n"));
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

async fn exchange(world: &World, case: &Case, version: Version, http: Http) -> String {
    let facts = world.prepare(&case.before).await;
    let body = match &case.input {
        Input::Bytes(bytes) => bytes.clone(),
        Input::Body(template) => {
            let filled = facts.fill(template);
            let headers: XRoad = xroad(&facts.member, &root_name(&filled));
            envelope(version, Some(&headers), &filled)
        }
    };
    let started = Instant::now();
    let sent = send(&world.member(&facts.member), http, post(&world.soap(), version.content_type(), body)).await;
    assert!(started.elapsed() < TIME_MAX, "{}: took {:?}", case.folder.display(), started.elapsed());
    match sent {
        // How much of the refusal arrives while the sender still writes is chance.
        Ok(answer) if answer.status == 413 => "HTTP 413\n".to_owned(),
        Ok(answer) => {
            xmllint::assert_valid(&answer.body);
            normal::answer(&answer)
        }
        // A sender of more than the limit may be cut off while it writes; that it is refused is what counts.
        Err(_) if is_oversized(case) => "HTTP 413\n".to_owned(),
        Err(error) => panic!("{}: {error}", case.folder.display()),
    }
}

fn is_oversized(case: &Case) -> bool {
    matches!(&case.input, Input::Bytes(bytes) if bytes.len() > 32 << 20)
}

/// All folders by name, with what is generated where they hold no request.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<Case> = hostile::inputs()
        .into_iter()
        .map(|(name, bytes)| Case { folder: root.join(name), before: Vec::new(), input: Input::Bytes(bytes) })
        .collect();
    for entry in walkdir::WalkDir::new(&root).min_depth(1).max_depth(1).sort_by_file_name() {
        let folder = entry.expect("tests/golden is readable").into_path();
        let Ok(request) = std::fs::read_to_string(folder.join("request.xml")) else { continue };
        let before = std::fs::read_to_string(folder.join("before.txt")).unwrap_or_default();
        let is_body = request.trim_start().starts_with("<hs:") || request.trim_start().starts_with("<TraCuuHoSo");
        let input = if is_body { Input::Body(request) } else { Input::Bytes(request.into_bytes()) };
        cases.push(Case { folder, before: before.lines().map(str::to_owned).collect(), input });
    }
    cases
}

/// Panics unless `answer` is that of the case of this name.
pub fn assert_golden(name: &str, answer: &Answer) {
    xmllint::assert_valid(&answer.body);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).join("answer.txt");
    if let Err(difference) = compare(&file, &normal::answer(answer)) {
        panic!("{difference}\nUPDATE=1 rewrites it");
    }
}

/// Compares with the file, or rewrites it where UPDATE is set.
pub fn compare(file: &Path, found: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a file stands in a folder")).expect("the folder can be made");
        std::fs::write(file, found).expect("the file can be written");
        return Ok(());
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    Err(format!("── {}\nexpected:\n{expected}\nfound:\n{found}", file.display()))
}

/// Generous: a debug build on a busy machine, 65 MiB sent.
const TIME_MAX: Duration = Duration::from_secs(30);
