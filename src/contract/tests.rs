//! Drafts compile, and messages come back as they went.
