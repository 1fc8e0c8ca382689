// Runs a WebAssembly program in Node, as wasm32-wasip1 has it: arguments, standard input and output, the clock, and random bytes.
// It sees no file. `node docs/platforms/wasi.mjs PROGRAM.wasm [ARGUMENTS]`
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { WASI } from 'node:wasi';

const [program, ...rest] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: [basename(program), ...rest], env: process.env });
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
// What `main` returns. A panic is a trap: an exception, and exit code 1.
process.exitCode = wasi.start(instance);
