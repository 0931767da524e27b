//! The store at its boundary: what is answered is kept, what is refused is not.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::Store;
use super::connection::Schema;
use super::error::Error;

const NOTES: &str = "CREATE TABLE note(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT";
const AUTHORS: &str = "ALTER TABLE note ADD COLUMN author TEXT NOT NULL DEFAULT 'nobody'";
const SCHEMA: Schema = Schema { application_id: 0x6c74, page_bytes: 4096, steps: &[NOTES] };

type BoxedPiece = Box<dyn FnOnce(&Connection) -> Result<(), Failure> + Send>;

#[derive(Debug)]
enum Failure {
    Refused,
    Store(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

fn insert(connection: &Connection, text: &str) -> Result<i64, Failure> {
    connection.execute("INSERT INTO note(text) VALUES (?)", [text]).map_err(Error::statement)?;
    Ok(connection.last_insert_rowid())
}

async fn texts(store: &Store) -> Vec<String> {
    let read = |connection: &Connection| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare("SELECT text FROM note ORDER BY text")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    store.read(move |connection| read(connection).map_err(Error::statement)).await.expect("readable")
}

fn open(path: &Path) -> Store {
    Store::open(path, &SCHEMA).expect("opens")
}

#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("db");
    let store = open(&path);
    store.write(|connection| insert(connection, "kept")).await.expect("written");
    drop(store);
    assert_eq!(texts(&open(&path)).await, ["kept"]);
}

#[tokio::test]
async fn a_copy_of_the_files_taken_under_load_holds_everything_answered_before() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("db");
    let store = open(&path);
    for number in 0..20 {
        store.write(move |connection| insert(connection, &format!("{number:02}"))).await.expect("written");
    }
    // What a killed process leaves: the files as they are, nothing checkpointed, nothing closed.
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).expect("folder");
    for file in ["db", "db-wal"] {
        std::fs::copy(folder.path().join(file), copy.join(file)).expect("copied");
    }
    assert_eq!(texts(&open(&copy.join("db"))).await.len(), 20);
}

/// Runs twice: as itself, and as the process that it starts and kills.
#[test]
fn what_was_answered_survives_kill_9_under_load() {
    if let Some(path) = std::env::var_os(KILLED) {
        return write_until_killed(Path::new(&path));
    }
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("db");
    let name = "store::tests::what_was_answered_survives_kill_9_under_load";
    let mut child = std::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", name, "--nocapture"])
        .env(KILLED, &path)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    let lines = std::io::BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut answered = Vec::new();
    for line in lines.map_while(Result::ok) {
        answered.extend(line.strip_prefix("kept ").map(str::to_owned));
        if answered.len() == 200 {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("ended");
    assert!(answered.len() >= 200);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let kept: std::collections::HashSet<String> = runtime.block_on(texts(&open(&path))).into_iter().collect();
    for text in answered {
        assert!(kept.contains(&text), "{text} was answered and is lost");
    }
}

fn write_until_killed(path: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let store = Arc::new(open(path));
        let mut calls = tokio::task::JoinSet::new();
        for writer in 0..16 {
            let store = store.clone();
            calls.spawn(async move {
                for number in 0..100_000 {
                    let text = format!("{writer}.{number}");
                    let written = text.clone();
                    store.write(move |connection| insert(connection, &written)).await.expect("written");
                    println!("kept {text}");
                }
            });
        }
        calls.join_all().await;
    });
}

const KILLED: &str = "LIENTHONG_TEST_KILLED";

#[tokio::test]
async fn a_refusal_leaves_nothing_and_spares_its_neighbours() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Arc::new(open(&folder.path().join("db")));
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        calls.spawn(async move {
            let piece = move |connection: &Connection| {
                insert(connection, &format!("{number:03}"))?;
                if number % 2 == 0 { Ok(()) } else { Err(Failure::Refused) }
            };
            match store.write(piece).await {
                Ok(()) => assert_eq!(number % 2, 0),
                Err(Failure::Refused) => assert_eq!(number % 2, 1),
                Err(Failure::Store(error)) => panic!("{error}"),
            }
        });
    }
    calls.join_all().await;
    assert_eq!(texts(&store).await.len(), 100);
}

#[tokio::test]
async fn a_piece_sees_what_a_piece_before_it_wrote() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Arc::new(open(&folder.path().join("db")));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let store = store.clone();
        calls.spawn(async move { store.write(|connection| insert(connection, "only one")).await.is_ok() });
    }
    assert_eq!(calls.join_all().await.into_iter().filter(|written| *written).count(), 1);
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_piece_alone() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(&folder.path().join("db"));
    let panicked: Result<(), Failure> = store
        .write(|connection| {
            insert(connection, "half done")?;
            panic!("on purpose");
        })
        .await;
    assert!(matches!(panicked, Err(Failure::Store(Error::Panicked))));
    store.write(|connection| insert(connection, "after")).await.expect("the writer goes on");
    assert_eq!(texts(&store).await, ["after"]);
}

#[tokio::test]
async fn when_the_transaction_is_lost_every_caller_of_the_group_is_told() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Arc::new(open(&folder.path().join("db")));
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let write = |work: BoxedPiece| {
        let store = store.clone();
        tokio::spawn(async move { store.write(work).await })
    };
    // The first holds the writer, so that the others queue up behind it and join its group.
    let calls = [
        write(Box::new(move |connection| {
            wait.recv().expect("told to go on");
            insert(connection, "first").map(drop)
        })),
        write(Box::new(|connection| insert(connection, "second").map(drop))),
        write(Box::new(|connection| {
            connection.execute_batch("ROLLBACK").map_err(Error::statement).map_err(Into::into)
        })),
    ];
    tokio::task::yield_now().await;
    go.send(()).expect("waiting");
    for call in calls {
        assert!(matches!(call.await.expect("joined"), Err(Failure::Store(Error::Transaction { .. }))));
    }
    assert_eq!(texts(&store).await, Vec::<String>::new());
    store.write(|connection| insert(connection, "later")).await.expect("the writer goes on");
    assert_eq!(texts(&store).await, ["later"]);
}

#[tokio::test]
async fn a_piece_that_holds_the_last_handle_closes_the_store() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Arc::new(open(&folder.path().join("db")));
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (done, finished) = std::sync::mpsc::channel::<()>();
    let (caller, last) = (store.clone(), store.clone());
    let call = tokio::spawn(async move {
        let piece = move |connection: &Connection| {
            wait.recv().expect("told to go on");
            drop(last);
            done.send(()).expect("waited for");
            insert(connection, "last").map(drop)
        };
        caller.write(piece).await
    });
    tokio::task::yield_now().await;
    call.abort();
    assert!(call.await.is_err_and(|error| error.is_cancelled()));
    drop(store);
    go.send(()).expect("waiting");
    finished.recv_timeout(std::time::Duration::from_secs(10)).expect("the last handle goes without a deadlock");
}

#[tokio::test]
async fn a_read_cannot_write() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(&folder.path().join("db"));
    let refused = store.read(|connection| insert(connection, "no").map(drop)).await;
    assert!(matches!(refused, Err(Failure::Store(Error::Statement { .. }))));
}

#[test]
fn a_newer_schema_and_a_foreign_file_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("db");
    drop(open(&path));
    let older = Schema { steps: &[], ..SCHEMA };
    assert!(matches!(Store::open(&path, &older), Err(Error::Newer { found: 1, known: 0, .. })));
    let foreign = Schema { application_id: 7, ..SCHEMA };
    assert!(matches!(Store::open(&path, &foreign), Err(Error::Foreign { .. })));
}

#[tokio::test]
async fn a_new_step_migrates_what_is_there() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("db");
    let store = open(&path);
    store.write(|connection| insert(connection, "old")).await.expect("written");
    drop(store);
    let newer = Schema { steps: &[NOTES, AUTHORS], ..SCHEMA };
    let store = Store::open(&path, &newer).expect("migrates");
    let author: String = store
        .read(|connection| {
            connection.query_row("SELECT author FROM note", [], |row| row.get(0)).map_err(Error::statement)
        })
        .await
        .expect("readable");
    assert_eq!(author, "nobody");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("db");
    let _store = open(&path);
    for file in ["db", "db-wal", "db-shm"] {
        let mode = std::fs::metadata(folder.path().join(file)).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    /// Whatever mixture of pieces arrives at once, exactly the accepted ones are there, once each.
    #[test]
    fn exactly_what_was_accepted_is_kept(pieces in proptest::collection::vec((0..20_u8, proptest::bool::ANY), 1..60)) {
        let folder = tempfile::tempdir().expect("folder");
        let store = Arc::new(open(&folder.path().join("db")));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let mut calls = tokio::task::JoinSet::new();
            for (number, accepted) in pieces {
                let store = store.clone();
                calls.spawn(async move {
                    let piece = move |connection: &Connection| {
                        insert(connection, &format!("{number:03}"))?;
                        if accepted { Ok(()) } else { Err(Failure::Refused) }
                    };
                    store.write(piece).await.is_ok().then(|| format!("{number:03}"))
                });
            }
            let mut accepted: Vec<String> = calls.join_all().await.into_iter().flatten().collect();
            accepted.sort();
            assert_eq!(texts(&store).await, accepted);
        });
    }
}
