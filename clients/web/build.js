// Builds the web app: node build.js [folder]. Without a folder: into the package of the service, where it is committed.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "../../src/taskward/web_app/static");
const options = { absWorkingDir: here, bundle: true, minify: true, format: "esm", target: "es2022", charset: "utf8", legalComments: "eof" };

mkdirSync(target, { recursive: true });
await build({ ...options, entryPoints: ["src/main.ts"], outfile: join(target, "app.js") });
await build({ ...options, entryPoints: ["app.css"], target: ["chrome123", "firefox128", "safari17.5"], outfile: join(target, "app.css") });
for (const name of ["index.html", "icon.svg", "manifest.webmanifest"]) copyFileSync(join(here, name), join(target, name));

// The worker's cache is named after what it holds.
const names = readdirSync(target).filter((name) => name !== "service-worker.js").sort();
const content = createHash("sha256");
for (const name of names) content.update(name).update("\0").update(readFileSync(join(target, name)));
const define = { BUILD: JSON.stringify(content.digest("hex").slice(0, 16)) };
const worker = { entryPoints: ["src/service-worker.ts"], tsconfig: "src/tsconfig.worker.json", format: "iife", define };
await build({ ...options, ...worker, outfile: join(target, "service-worker.js") });
