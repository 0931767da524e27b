//! Everything on one machine, keys made on the spot.
