//! WSDL and XSD as served to partners.
