//! Builds again when a migration is added: the compiler only watches the files it has already read.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
