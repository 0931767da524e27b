//! The scenario as people read it: who said what, in columns, and whether it was what was expected.

use std::io::{self, IsTerminal, Write};

/// Who speaks, and in which language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// The portal asks the gateway.
    PortalAsks,
    /// The gateway asks the dossier service on the portal's behalf.
    GatewayAsks,
    /// The gateway answers the portal.
    PortalReads,
    /// An officer of the ministry works on the dossier.
    Officer,
}

/// Lines written so far, and what was not as expected.
#[derive(Debug)]
pub struct Transcript<W> {
    out: W,
    is_coloured: bool,
    checked: usize,
    differences: Vec<String>,
}

impl Transcript<io::Stdout> {
    /// To standard output: coloured on a terminal unless `NO_COLOR` is set, plain in a pipe.
    pub fn stdout() -> Self {
        let out = io::stdout();
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_coloured = out.is_terminal() && !is_refused;
        Self::new(out, is_coloured)
    }
}

impl<W: Write> Transcript<W> {
    /// To `out`.
    pub fn new(out: W, is_coloured: bool) -> Self {
        Self { out, is_coloured, checked: 0, differences: Vec::new() }
    }

    /// A headline.
    pub fn chapter(&mut self, title: &str) -> io::Result<()> {
        let title = self.painted(BOLD, title);
        writeln!(self.out, "\n{title}")
    }

    /// A sentence between the lines.
    pub fn remark(&mut self, text: &str) -> io::Result<()> {
        let text = self.painted(DIM, text);
        writeln!(self.out, "  {text}")
    }

    /// One thing said: `what` is its name, `content` what matters in it.
    pub fn said(&mut self, voice: Voice, what: &str, content: &str) -> io::Result<()> {
        let (who, how, colour) = voice.shown();
        let who = self.painted(colour, &format!("{who:<8}"));
        let how = self.painted(DIM, how);
        writeln!(self.out, "  {who} {how} {what:<24} {content}")
    }

    /// Checks one expectation; a difference is shown at once and counted.
    pub fn expect(&mut self, what: &str, expected: &str, found: &str) -> io::Result<()> {
        self.checked += 1;
        if expected == found {
            return Ok(());
        }
        let difference = format!("{what}: expected {expected}, found {found}");
        let line = self.painted(RED, &format!("differs: {difference}"));
        self.differences.push(difference);
        writeln!(self.out, "  {line}")
    }

    /// How many expectations were checked.
    pub fn checked(&self) -> usize {
        self.checked
    }

    /// What was not as expected.
    pub fn differences(&self) -> &[String] {
        &self.differences
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.is_coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Voice {
    fn shown(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::PortalAsks => ("portal", "SOAP →", BLUE),
            Self::GatewayAsks => ("gateway", "gRPC →", YELLOW),
            Self::PortalReads => ("portal", "SOAP ←", BLUE),
            Self::Officer => ("officer", "gRPC →", GREEN),
        }
    }
}

// ECMA-48 8.3.117, select graphic rendition.
const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BLUE: &str = "34";

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::{Transcript, Voice};

    fn check(is_coloured: bool, expected: Expect) {
        let mut transcript = Transcript::new(Vec::new(), is_coloured);
        let told = transcript
            .chapter("1 of 4  A permit")
            .and_then(|()| transcript.said(Voice::PortalAsks, "NopHoSo", "MaTTHC 1.014199"))
            .and_then(|()| transcript.said(Voice::Officer, "AcceptDossier", "ACCEPTED"))
            .and_then(|()| transcript.expect("TrangThaiHoSo", "2", "2"))
            .and_then(|()| transcript.expect("TrangThaiHoSo", "5", "2"));
        told.expect("a vector takes every line");
        assert_eq!((transcript.checked(), transcript.differences().len()), (2, 1));
        expected.assert_eq(&String::from_utf8(transcript.out).expect("text is UTF-8").replace('\x1b', "^"));
    }

    #[test]
    fn a_pipe_gets_plain_columns_and_the_difference() {
        check(
            false,
            expect![[r#"

            1 of 4  A permit
              portal   SOAP → NopHoSo                  MaTTHC 1.014199
              officer  gRPC → AcceptDossier            ACCEPTED
              differs: TrangThaiHoSo: expected 5, found 2
        "#]],
        );
    }

    #[test]
    fn a_terminal_gets_colours() {
        check(
            true,
            expect![[r#"

            ^[1m1 of 4  A permit^[0m
              ^[34mportal  ^[0m ^[2mSOAP →^[0m NopHoSo                  MaTTHC 1.014199
              ^[32mofficer ^[0m ^[2mgRPC →^[0m AcceptDossier            ACCEPTED
              ^[31mdiffers: TrangThaiHoSo: expected 5, found 2^[0m
        "#]],
        );
    }
}
