fn main() -> Result<(), pico_args::Error> {
    let name: String = pico_args::Arguments::from_env().free_from_str()?;
    println!("Hello, {}!", name.to_uppercase());
    Ok(())
}
