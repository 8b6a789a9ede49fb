// Writes src/schema.ts from an OpenAPI document: node scripts/types.js openapi.json [src/schema.ts]
//
// Only what the client uses is kept: the schemas, and the parameters of each operation. The responses of every
// operation repeat the same errors and headers, and would make the file five times as long.

import { readFile, writeFile } from "node:fs/promises";
import openapi, { astToString } from "openapi-typescript";

const [source, target = "src/schema.ts"] = process.argv.slice(2);
if (source === undefined) throw new Error("usage: node scripts/types.js openapi.json [src/schema.ts]");

const document = JSON.parse(await readFile(source, "utf8"));
for (const methods of Object.values(document.paths)) {
  for (const operation of Object.values(methods)) {
    operation.responses = { default: { description: "See the contract" } };
    delete operation.requestBody;
  }
}
const types = astToString(await openapi(document, { alphabetize: true, silent: true }));
await writeFile(target, `// Written by \`make clients\` from the OpenAPI document. Do not edit.\n\n${types}`);
