//! Development tasks. Each subcommand has its own file.

fn main() {}
