//! Protobuf wire bytes: written front to back into one buffer, read through an index by field.
//!
//! A nested message's length stands before its content, which is not written yet. So room for the length is left by a
//! guess, and the content is moved where the guess was wrong: a short move, and a rare one.

/// How a value stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'w> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'w [u8]),
    Fixed32(u32),
}

/// A nested message whose length is still to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenMessage {
    /// Where its content begins, behind the room for the length.
    start: usize,
    /// Bytes left for the length.
    room: usize,
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_tag(out: &mut Vec<u8>, field: u32, wire_type: u32) {
    put_varint(out, u64::from(field << 3 | wire_type));
}

pub(super) fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_tag(out, field, LENGTH_DELIMITED);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Opens a nested message; `guess` is about how many bytes it will have.
pub(super) fn open(out: &mut Vec<u8>, field: u32, guess: usize) -> OpenMessage {
    put_tag(out, field, LENGTH_DELIMITED);
    let room = varint_length(guess as u64);
    out.resize(out.len() + room, 0);
    OpenMessage { start: out.len(), room }
}

/// Closes it: its length is known now.
pub(super) fn close(out: &mut Vec<u8>, message: OpenMessage) {
    let length = out.len() - message.start;
    let needed = varint_length(length as u64);
    let at = message.start - message.room;
    if needed != message.room {
        out.splice(at..message.start, std::iter::repeat_n(0, needed));
    }
    let mut value = length as u64;
    for (index, byte) in out[at..at + needed].iter_mut().enumerate() {
        *byte = value as u8 & 0x7F | if index + 1 < needed { 0x80 } else { 0 };
        value >>= 7;
    }
}

fn varint_length(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

/// One message's fields: every occurrence in order, gathered from all its pieces (a singular message field that
/// stands several times is their merge).
#[derive(Debug, Default)]
pub(super) struct Fields<'w> {
    entries: Vec<(u32, Value<'w>)>,
}

impl<'w> Fields<'w> {
    /// Indexes the pieces of a message; the error is where the bytes are no protobuf, from the start of `base`.
    pub(super) fn index(pieces: &[&'w [u8]], base: &[u8]) -> Result<Self, usize> {
        let mut entries = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let at = || (rest.as_ptr() as usize).saturating_sub(base.as_ptr() as usize);
                let offset = at();
                let (field, value, after) = read_field(rest).ok_or(offset)?;
                entries.push((field, value));
                rest = after;
            }
        }
        if !entries.is_sorted_by_key(|(field, _)| *field) {
            // Stable: occurrences of one field keep their order.
            entries.sort_by_key(|(field, _)| *field);
        }
        Ok(Self { entries })
    }

    /// All occurrences of a field.
    pub(super) fn all(&self, field: u32) -> &[(u32, Value<'w>)] {
        let start = self.entries.partition_point(|(known, _)| *known < field);
        let length = self.entries[start..].iter().take_while(|(known, _)| *known == field).count();
        &self.entries[start..start + length]
    }
}

/// Number and value of the first field, and what follows it; groups are not read (proto3 has none).
fn read_field(bytes: &[u8]) -> Option<(u32, Value<'_>, &[u8])> {
    let (tag, rest) = get_varint(bytes)?;
    let field = u32::try_from(tag >> 3).ok().filter(|&field| field != 0)?;
    let (value, rest) = match tag as u32 & 7 {
        0 => get_varint(rest).map(|(value, rest)| (Value::Varint(value), rest))?,
        1 => {
            let (value, rest) = rest.split_first_chunk::<8>()?;
            (Value::Fixed64(u64::from_le_bytes(*value)), rest)
        }
        2 => {
            let (length, rest) = get_varint(rest)?;
            let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Value::Bytes(value), rest)
        }
        5 => {
            let (value, rest) = rest.split_first_chunk::<4>()?;
            (Value::Fixed32(u32::from_le_bytes(*value)), rest)
        }
        _ => return None,
    };
    Some((field, value, rest))
}

/// A base-128 number of at most ten bytes.
pub(super) fn get_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7F).checked_shl(index as u32 * 7)?;
        if byte < 0x80 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

pub(super) const VARINT: u32 = 0;
pub(super) const FIXED64: u32 = 1;
pub(super) const LENGTH_DELIMITED: u32 = 2;
pub(super) const FIXED32: u32 = 5;
