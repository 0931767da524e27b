//! What a third party finds in an export, with openssl and the procedure that is in it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{add_settings, export, message, say, settings, text, told, verify};
use crate::authority::Plan;
use crate::hostile;
use crate::tsa::{Manner, Tsa};
use crate::world::World;

/// The commands of one step of the procedure, for these numbers.
fn step(readme: &str, step: &str, checkpoint: &str, record: &str) -> String {
    let (_, rest) = readme.split_once(&format!("\n{step}. ")).expect("the step is there");
    let commands = rest.lines().skip(1).take_while(|line| !line.starts_with(|c: char| c.is_ascii_digit()));
    let commands = commands.filter_map(|line| line.strip_prefix("    ")).collect::<Vec<_>>().join("\n");
    let of = |text: String, letter: &str, number: &str| {
        ["chain/", "checkpoints/", "records/"]
            .iter()
            .fold(text, |text, folder| text.replace(&format!("{folder}{letter}."), &format!("{folder}{number}.")))
    };
    of(of(commands, "K", checkpoint), "N", record)
}

/// Runs commands in a folder; what they say, where they succeed.
fn shell(folder: &Path, commands: &str) -> Result<String, String> {
    let output = Command::new("bash").args(["-e", "-c", commands]).current_dir(folder).output().expect("there is bash");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said) } else { Err(said) }
}

fn unpack(archive: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    shell(folder.path(), &format!("tar -xf {}", archive.display())).expect("everybody can open it");
    folder
}

fn has_tools() -> bool {
    let found = shell(Path::new("/"), "command -v openssl xxd sha256sum tar");
    if found.is_err() {
        eprintln!("skipped: openssl, xxd, sha256sum and tar are needed");
    }
    found.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_party_checks_an_export_by_its_procedure() {
    let Some(tsa) = Tsa::start(&Plan::default()).await.filter(|_| has_tools()) else { return };
    let (url, anchor) = (tsa.url(), text(&tsa.anchor()));
    let evidence = format!("[evidence]\ncheckpoint_s = 1\ntsa = \"{url}\"\ntsa_trust = [\"{anchor}\"]\ntsa_s = 1");
    let (world, dossier) = told(|layout| add_settings(layout, &evidence)).await;
    let layout = world.layout();
    let stamped = async { while verify(&layout, &[])["stamped"]["last"].as_u64() < Some(4) {} };
    tokio::time::timeout(Duration::from_secs(60), stamped).await.expect("it is stamped");
    let _dir = world.close().await;
    let archive = export(&layout, &["--code", &dossier, "--whole"]);
    let report = verify(&layout, &[&text(&archive), "--trust", &text(&layout.ca()), "--tsa-trust", &anchor]);
    assert_eq!((&report["good"], &report["messages"]), (&true.into(), &4.into()), "{report}");
    let folder = unpack(&archive);
    std::fs::copy(layout.ca(), folder.path().join("ca.pem")).expect("copied");
    std::fs::copy(tsa.anchor(), folder.path().join("tsa.pem")).expect("copied");
    let readme = std::fs::read_to_string(folder.path().join("README.txt")).expect("there is a README");
    // The last checkpoint that is in it is the stamped one.
    let last = shell(folder.path(), "ls checkpoints/*.tsr | tail -n 1 | cut -c13-24").expect("a stamp");
    let record = shell(folder.path(), "ls records/*.body | tail -n 1 | cut -c9-20").expect("a message");
    for number in ["1", "2", "3", "4", "5"] {
        let commands = step(&readme, number, last.trim(), record.trim());
        assert!(!commands.is_empty(), "step {number}");
        shell(folder.path(), &commands).unwrap_or_else(|said| panic!("step {number}: {commands}\n{said}"));
    }
    // The same steps find what was changed.
    for (file, number) in
        [(format!("records/{}.body", record.trim()), "2"), (format!("chain/{}.txt", last.trim()), "3")]
    {
        let path = folder.path().join(file);
        let mut bytes = std::fs::read(&path).expect("readable");
        let middle = bytes.len() / 2;
        bytes[middle] = if bytes[middle] == b'0' { b'1' } else { b'0' };
        std::fs::write(&path, bytes).expect("written");
        for number in ["1", number] {
            let said = shell(folder.path(), &step(&readme, number, last.trim(), record.trim()));
            said.expect_err("it is not as it was written");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_shows_nothing_personal_unless_it_is_whole() {
    let (world, dossier) = told(|_| ()).await;
    let layout = world.layout();
    let _dir = world.close().await;
    let name = "<HoVaTen>";
    let whole = std::fs::read(export(&layout, &["--code", &dossier, "--whole"])).expect("readable");
    assert!(memchr::memmem::find(&whole, name.as_bytes()).is_some(), "the submission is in it");
    let masked = std::fs::read(export(&layout, &["--code", &dossier])).expect("readable");
    let masked = String::from_utf8_lossy(&masked);
    assert!(masked.contains("***") && masked.contains(&dossier));
    let whole = String::from_utf8_lossy(&whole).into_owned();
    for field in ["HoVaTen", "SoDienThoai", "Email", "ChuHoSo", "SoGiayToChuHoSo"] {
        for value in regex::Regex::new(&format!("<{field}>([^<]+)<")).expect("a pattern").captures_iter(&whole) {
            assert!(!masked.contains(&value[1]), "{field} is shown");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_away_delays_stamps_and_nothing_else() {
    let Some(tsa) = Tsa::start(&Plan::default()).await else { return };
    tsa.set(Manner::Off);
    let (url, anchor) = (tsa.url(), text(&tsa.anchor()));
    let evidence = format!("[evidence]\ncheckpoint_s = 1\ntsa = \"{url}\"\ntsa_trust = [\"{anchor}\"]\ntsa_s = 1");
    let world = World::start_after(|layout| add_settings(layout, &evidence)).await;
    let layout = world.layout();
    let asked = async {
        while tsa.requests().len() < 2 {
            assert_eq!(say(&world, message("ask", &hostile::lookup(hostile::UNKNOWN))).await.status, 200);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.expect("it is asked again");
    let report = verify(&layout, &[]);
    assert_eq!((&report["good"], &report["stamps"]), (&true.into(), &0.into()), "{report}");
    tsa.set(Manner::Refuse(500));
    let asked = async {
        while tsa.requests().len() < 3 {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.expect("it is asked again");
    tsa.set(Manner::Stamp);
    let stamped = async { while verify(&layout, &[])["stamps"] == 0 {} };
    tokio::time::timeout(Duration::from_secs(60), stamped).await.expect("it is stamped when the authority is back");
    let _dir = world.close().await;
    let said = crate::command::run(&["check", "--config", &settings(&layout)]);
    assert!(said.status.success());
}
