//! Who may call: members by certificate, what they may do, for whom they may speak.
