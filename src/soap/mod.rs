//! SOAP 1.1 and 1.2: versions, envelope, header protocols, faults.
