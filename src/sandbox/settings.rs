//! The settings files of a sandbox, written once; afterwards they are the operator's, but for the ports.

use std::path::Path;

use super::error::Error;
use super::layout::Layout;
use super::party::{MEMBERS, Party};

/// Writes every settings file that is not there yet; ports are 0 until they are known.
pub fn write(layout: &Layout) -> Result<(), Error> {
    for (name, text) in [
        ("lienthong.toml", GATEWAY.to_owned()),
        ("dossier-service.toml", DOSSIER.to_owned()),
        ("members.toml", members()),
    ] {
        let file = layout.path(name);
        if !file.exists() {
            std::fs::write(&file, text).map_err(Error::at(&file))?;
        }
    }
    Ok(())
}

/// Puts `port` in the first line of `file` that sets `key`; everything else stays as it is.
pub fn set_port(file: &Path, key: &str, port: u16) -> Result<(), Error> {
    let text = std::fs::read_to_string(file).map_err(Error::at(file))?;
    let mut is_done = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let is_key = line.trim_start().split_once('=').is_some_and(|(name, _)| name.trim() == key);
        if is_done || !is_key {
            return line.to_owned();
        }
        is_done = true;
        with_port(line, port).unwrap_or_else(|| line.to_owned())
    });
    let new: String = lines.collect();
    if new == text { Ok(()) } else { std::fs::write(file, new).map_err(Error::at(file)) }
}

/// The line with the digits after its address's last `:` replaced.
fn with_port(line: &str, port: u16) -> Option<String> {
    let opening = line.find('"')?;
    let closing = opening + 1 + line[opening + 1..].find('"')?;
    let colon = opening + line[opening..closing].rfind(':')?;
    Some(format!("{}:{port}{}", &line[..colon], &line[closing..]))
}

fn members() -> String {
    let mut text = String::from(MEMBERS_HEAD);
    for Party { id, name, agency, identifier, terms } in MEMBERS {
        let short = agency.trim_start_matches("000.00.00.");
        text.push_str(&format!(
            "\n[[member]]\nid           = \"{id}\"\nname         = \"{name}\"\n\
             agencies     = [\"{agency}\", \"{short}\"]\nx_road       = [\"{identifier}\"]\n\
             certificates = [{{ file = \"pki/members/{id}.crt\" }}]\n{terms}"
        ));
    }
    text
}

const MEMBERS_HEAD: &str = "\
# Who may call. A certificate belongs to the member that names it here; two of them for as long as one replaces the other.
# agencies: for whom a member speaks, each code in every form that its messages have. It hands over no dossier of others.
# [[member.right]]: operations, agencies and procedures that go together; without any, all operations for its agencies.
# `lienthong members list` shows this file as it is understood, `lienthong members add` adds to it.
";

const GATEWAY: &str = r#"# The gateway. Paths are relative to this file; `lienthong check --config lienthong.toml` reads it all.
members = "members.toml"

[listen]
soap  = "127.0.0.1:0"
admin = "127.0.0.1:0"

[tls]
certificate  = "pki/gateway.crt"
key          = "pki/gateway.key"
client_trust = ["pki/ca.crt"]

[[partner]]                                # the national portal's names
name    = "hoso"
binding = "schemas/hoso/binding.toml"

[[partner]]                                # the ministry's own exchange of social assistance with provinces
name    = "btxh"
binding = "schemas/btxh/binding.toml"

[[partner]]                                # provincial platforms
name    = "lgsp"
binding = "schemas/lgsp/binding.toml"

[[service]]
name    = "dossier"
address = "https://127.0.0.1:0"
proto   = ["proto"]

[log]
format = "text"
filter = "info"
"#;

const DOSSIER: &str = r#"# The embedded dossier service: the ministry's stand-in. Paths are relative to this file.
listen     = "127.0.0.1:0"
database   = "dossiers.db"
agency     = "000.00.00.G07"
procedures = "schemas/hoso/catalogue/procedures.toml"
agencies   = "schemas/hoso/catalogue/agencies.toml"
codes      = "schemas/hoso/catalogue/codes.toml"
holidays   = "schemas/hoso/catalogue/holidays.toml"

[tls]
certificate  = "pki/dossier-service.crt"
key          = "pki/dossier-service.key"
client_trust = ["pki/ca.crt"]

[callers]
gateway  = ["pki/gateway.crt"]
ministry = ["pki/internal-client.crt"]
"#;

#[cfg(test)]
mod tests {
    use super::{set_port, with_port};

    #[test]
    fn a_port_is_replaced_and_the_rest_of_the_line_stays() {
        let check = |line: &str, expected: Option<&str>| assert_eq!(with_port(line, 7).as_deref(), expected);
        check("soap  = \"127.0.0.1:0\" # here", Some("soap  = \"127.0.0.1:7\" # here"));
        check("address = \"https://localhost:8443\"", Some("address = \"https://localhost:7\""));
        check("listen = \"[::1]:80\"", Some("listen = \"[::1]:7\""));
        check("listen = 80", None);
    }

    #[test]
    fn only_the_key_that_is_meant_gets_the_port() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        let before = "# soap = \"a:1\"\n[listen]\nadmin = \"b:2\"\nsoap = \"c:3\"\n";
        std::fs::write(file.path(), before).expect("the file can be written");
        set_port(file.path(), "soap", 9).expect("the file can be changed");
        let after = std::fs::read_to_string(file.path()).expect("the file can be read");
        assert_eq!(after, before.replace("c:3", "c:9"));
    }
}
