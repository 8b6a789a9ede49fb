import { resolve } from "node:path";
import type { NextConfig } from "next";

export default {
  // `@taskward/client` is a link to a folder of the repository. With a package from elsewhere, leave this out.
  turbopack: { root: resolve("../..") },
} satisfies NextConfig;
