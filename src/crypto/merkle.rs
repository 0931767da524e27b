//! A hash tree over a list of digests that grows at its end (RFC 6962 §2.1, with digests as entries).

use super::Digest;

/// A tree that grows: what its root is made of, and nothing else.
#[derive(Debug, Clone, Default)]
pub struct Growing {
    /// Roots of the full subtrees from left to right, with how many leaves each has.
    peaks: Vec<(u64, Digest)>,
}

impl Growing {
    /// Adds an entry at the end.
    pub fn push(&mut self, entry: Digest) {
        self.peaks.push((1, leaf(entry)));
        while let [.., (left, left_root), (right, right_root)] = self.peaks[..]
            && left == right
        {
            self.peaks.truncate(self.peaks.len() - 2);
            self.peaks.push((left + right, node(left_root, right_root)));
        }
    }

    /// The root over all entries; of no entry the digest of nothing.
    pub fn root(&self) -> Digest {
        let roots = self.peaks.iter().rev().map(|&(_, root)| root);
        roots.reduce(|right, left| node(left, right)).unwrap_or_else(|| Digest::of(b""))
    }
}

/// The root over a whole list.
pub fn root(entries: impl IntoIterator<Item = Digest>) -> Digest {
    let mut growing = Growing::default();
    entries.into_iter().for_each(|entry| growing.push(entry));
    growing.root()
}

fn leaf(entry: Digest) -> Digest {
    let mut bytes = [0; 33];
    bytes[1..].copy_from_slice(&entry.0);
    Digest::of(&bytes)
}

fn node(left: Digest, right: Digest) -> Digest {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Digest::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 §2.1 word for word: split at the largest power of two that is smaller than the length.
    fn by_the_book(entries: &[Digest]) -> Digest {
        match entries {
            [] => Digest::of(b""),
            [only] => leaf(*only),
            _ => {
                let split = entries.len().next_power_of_two() / 2;
                node(by_the_book(&entries[..split]), by_the_book(&entries[split..]))
            }
        }
    }

    #[test]
    fn a_tree_that_grew_is_that_of_the_whole_list() {
        let entries: Vec<Digest> = (0..70_u8).map(|number| Digest::of(&[number])).collect();
        for length in 0..entries.len() {
            assert_eq!(root(entries[..length].iter().copied()), by_the_book(&entries[..length]), "{length}");
        }
    }
}
