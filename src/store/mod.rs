//! Durable storage: SQLite opened safely, one writer that commits in groups.
