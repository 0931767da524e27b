//! Digests, random ids and development keys.
