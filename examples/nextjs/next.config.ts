import { resolve } from "node:path";
import type { NextConfig } from "next";

export default {
  // Node.js loads it as it is. Bundling it takes most of the time of a start.
  serverExternalPackages: ["better-auth", "kysely"],
  // `@taskward/client` is a link to a folder of the repository. With a package from elsewhere, leave this out.
  turbopack: { root: resolve("../..") },
} satisfies NextConfig;
