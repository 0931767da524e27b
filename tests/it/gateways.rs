//! Several gateways on one PostgreSQL database.

use std::path::Path;

use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::run::{self, Options};
use lienthong::sandbox::samples::Sample;
use lienthong::soap::version::Version;
use tempfile::TempDir;

use crate::client::{Answer, Http, post, send};
use crate::command::run as command;
use crate::postgres::Server;
use crate::world::{World, element, root_name, xroad};

/// Puts lines before everything else that a settings file says.
fn set(layout: &Layout, lines: &str) {
    let file = layout.path("lienthong.toml");
    let text = std::fs::read_to_string(&file).expect("the settings are readable");
    std::fs::write(file, format!("{lines}\n{text}")).expect("the settings can be written");
}

/// A directory of settings with these lines in it.
fn prepared(lines: &str) -> (TempDir, Layout) {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let options = Options { dir: dir.path().to_path_buf(), ..Options::default() };
    let layout = run::prepare(&options).expect("the directory can be prepared");
    set(&layout, lines);
    (dir, layout)
}

/// Runs the command with the settings; its status and all that it said.
fn said(args: &[&str], layout: &Layout) -> (bool, String) {
    let config = layout.path("lienthong.toml").display().to_string();
    let output = command(&[args, &["--config", &config]].concat());
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).expect("text"))
}

async fn say(world: &World, message: Vec<u8>) -> Answer {
    let request = post(&world.soap(), Version::Soap11.content_type(), message);
    send(&world.member("h56"), Http::One, request).await.expect("the gateway answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_at_another_gateway_gets_the_first_ones_answer() {
    let Some(server) = Server::shared() else { return };
    let keys = TempDir::new().expect("a temporary directory can be made");
    let url = server.url(&server.database());
    let start = async |name: &str| {
        let lines = format!(
            "store = \"{url}\"\nname = \"{name}\"\nevidence = {{ keys = \"{}\" }}",
            keys.path().join("keys").display()
        );
        World::start_after(|layout| {
            set(layout, &lines);
            let (done, text) = said(&["store", "migrate"], layout);
            assert!(done, "{text}");
        })
        .await
    };
    let one = start("one").await;
    let mut two = start("two").await;
    two.stop_dossier_service().await;
    let body = one.facts().fill(Sample::named("NopHoSo").expect("there is such a sample").template());
    let headers = XRoad { id: "a".to_owned(), ..xroad("h56", &root_name(&body)) };
    let message = envelope(Version::Soap11, Some(&headers), &body);
    let first = say(&one, message.clone()).await;
    let dossier = element(&first.text(), "MaHoSo").expect("submitted");
    let repeat = say(&two, message.clone()).await;
    assert_eq!(element(&repeat.text(), "MaHoSo"), Some(dossier.clone()), "{}", repeat.text());
    assert!(repeat.text().contains("<lt:Repeated"), "{}", repeat.text());
    let one = one.restart_gateway().await;
    assert_eq!(element(&say(&one, message).await.text(), "MaHoSo"), Some(dossier));
    one.stop().await;
    two.stop().await;
}

#[test]
fn tables_are_made_by_the_command_and_a_gateway_without_them_says_so() {
    let Some(server) = Server::shared() else { return };
    let (_dir, layout) = prepared(&format!("store = \"{}\"", server.url(&server.database())));
    let (served, text) = said(&["serve"], &layout);
    assert!(!served && text.contains("has no tables yet: run lienthong store migrate"), "{text}");
    for told in ["tables made, version 1", "nothing to do"] {
        let (done, text) = said(&["store", "migrate"], &layout);
        assert!(done && text.contains(told), "{text}");
    }
    assert!(said(&["check"], &layout).0);
}

#[test]
fn a_store_that_cannot_be_used_is_a_problem_with_its_line_and_never_its_password() {
    let (_dir, layout) = prepared("store = \"x\"");
    std::fs::write(layout.path("db.pass"), "secret\n").expect("written");
    let file = layout.path("lienthong.toml");
    let settings = std::fs::read_to_string(&file).expect("the settings are readable");
    for (lines, problem) in [
        ("store = \"postgres://g:secret@db.molisa/l\"", "does not say how db.molisa is proven"),
        ("store = \"postgres://g:secret@db/l?sslmode=require\"", "has no sslrootcert"),
        ("store = \"postgres://g:secret@db/l?sslrootcert=no.crt\"", "no.crt cannot be used"),
        ("store = \"postgres://g:secret@localhost/l\"\nstore_password = \"db.pass\"", "given twice"),
        ("store = \"postgres://g@localhost/l\"\nstore_password = \"no.pass\"", "no.pass: error: cannot be read"),
        ("store = \"l.db\"\nstore_password = \"db.pass\"", "store_password is given, and store is a file"),
    ] {
        std::fs::write(&file, settings.replacen("store = \"x\"", lines, 1)).expect("written");
        let (is_good, text) = said(&["check"], &layout);
        assert!(!is_good && text.contains(problem), "{lines}: {text}");
        assert!(!text.contains("secret"), "{text}");
    }
    let good = "store = \"postgres://g@db/l?sslrootcert=pki/ca.crt\"\nstore_password = \"db.pass\"";
    std::fs::write(&file, settings.replacen("store = \"x\"", good, 1)).expect("written");
    assert!(said(&["check"], &layout).0);
    assert!(Path::new(&layout.path("pki/ca.crt")).exists());
}

#[test]
fn a_file_needs_no_migration() {
    let (_dir, layout) = prepared("store = \"l.db\"");
    let (done, text) = said(&["store", "migrate"], &layout);
    assert!(done && text.contains("a file is migrated when a gateway opens it"), "{text}");
}
