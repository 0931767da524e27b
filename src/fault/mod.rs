//! Every room's error → SOAP fault, plain HTTP refusal or business outcome.
