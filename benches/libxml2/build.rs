//! Links the libxml2 that is installed: `apt-get install libxml2-dev`.

fn main() {
    println!("cargo::rustc-link-lib=xml2");
}
