//! The few functions of libxml2 that parse and validate a document in memory.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::null;

/// A compiled schema with a context to validate by.
pub struct Schema {
    schema: *mut c_void,
    context: *mut c_void,
}

impl Schema {
    /// Compiles a schema file.
    pub fn load(path: &str) -> Self {
        let path = CString::new(path).expect("no zero byte");
        // SAFETY: the path is a C string; each pointer is checked before it is used, and freed once.
        unsafe {
            let parser = xmlSchemaNewParserCtxt(path.as_ptr());
            assert!(!parser.is_null(), "the schema is readable");
            let schema = xmlSchemaParse(parser);
            xmlSchemaFreeParserCtxt(parser);
            assert!(!schema.is_null(), "the schema is sound");
            let context = xmlSchemaNewValidCtxt(schema);
            assert!(!context.is_null(), "there is memory");
            Self { schema, context }
        }
    }

    /// Parses a document and validates it.
    pub fn validates(&self, document: &[u8]) -> bool {
        let length = c_int::try_from(document.len()).expect("a message");
        // SAFETY: pointer and length are the slice's; the document is freed once, after its last use.
        unsafe {
            let document = xmlReadMemory(document.as_ptr().cast(), length, null(), null(), XML_PARSE_NONET);
            if document.is_null() {
                return false;
            }
            let verdict = xmlSchemaValidateDoc(self.context, document);
            xmlFreeDoc(document);
            verdict == 0
        }
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // SAFETY: made by `load`, used by nothing else.
        unsafe {
            xmlSchemaFreeValidCtxt(self.context);
            xmlSchemaFree(self.schema);
        }
    }
}

const XML_PARSE_NONET: c_int = 1 << 11;

unsafe extern "C" {
    fn xmlReadMemory(
        buffer: *const c_char,
        size: c_int,
        url: *const c_char,
        encoding: *const c_char,
        options: c_int,
    ) -> *mut c_void;
    fn xmlFreeDoc(document: *mut c_void);
    fn xmlSchemaNewParserCtxt(url: *const c_char) -> *mut c_void;
    fn xmlSchemaFreeParserCtxt(context: *mut c_void);
    fn xmlSchemaParse(context: *mut c_void) -> *mut c_void;
    fn xmlSchemaFree(schema: *mut c_void);
    fn xmlSchemaNewValidCtxt(schema: *mut c_void) -> *mut c_void;
    fn xmlSchemaFreeValidCtxt(context: *mut c_void);
    fn xmlSchemaValidateDoc(context: *mut c_void, document: *mut c_void) -> c_int;
}
