// Reads texts of new tasks with a bundle of clients/web/src/quick-add.ts: node read_quick_add.js <bundle> < texts.json
import { readFileSync } from "node:fs";

globalThis.navigator ??= { languages: ["en"] }; // which Node.js 20 does not have
const { quickAdd } = await import(process.argv[2]);
const { day, time, texts, kept } = JSON.parse(readFileSync(0, "utf8"));
const now = { day, time, moment: new Date(`${day}T${time}`) };
const lists = [
  { id: "home", title: "Home", is_archived: false },
  { id: "home-office", title: "Home office", is_archived: false },
  { id: "old", title: "Old", is_archived: true },
];
const context = { now, lists, labels: ["Work"], kept: new Set(kept) };
console.log(JSON.stringify(texts.map((text) => quickAdd(text, context))));
