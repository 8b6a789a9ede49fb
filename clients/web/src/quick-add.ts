import { casual } from "chrono-node/en";
import type { List, NewTask } from "@taskward/client";
import { addDays, localNow, type Now } from "./dates.js";
import { WEEKDAYS } from "./recurrence.js";

/** The fields that the text of a new task can give. */
export interface Understood {
  due?: { date: string; time?: string };
  recurrence?: { rule: string };
  labels?: string[];
  priority?: Priority;
  list_id?: string;
}

type Priority = NonNullable<NewTask["priority"]>;

/** A part of the text, as it was typed, and the fields that it gives. */
export interface Part {
  text: string;
  from: number;
  to: number;
  gives: Understood;
}

/** A text with what was understood of it. */
export interface QuickAdd {
  title: string;
  parts: Part[];
  fields: Understood;
}

/** What a text is read with: the clock, the lists and labels that there are, and the parts that stay in the title. */
export interface Context {
  now: Now;
  lists: readonly Pick<List, "id" | "title" | "is_archived">[];
  labels: Iterable<string>;
  kept: ReadonlySet<string>;
}

const MAX_LABELS = 20;
const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const DAY = "mon(?:days?)?|tue(?:s(?:days?)?)?|wed(?:nesdays?)?|thu(?:rs(?:days?)?)?|fri(?:days?)?|sat(?:urdays?)?|sun(?:days?)?";
const EVERY = new RegExp(
  `(?<![\\w-])(?:every|each)\\s+(?:(?:(?<count>\\d{1,2})|(?<other>other))\\s+)?` +
    `(?:(?<unit>day|week|month|year)s?|(?<working>(?:weekday|workday)s?)|(?<days>(?:${DAY})(?:(?:\\s*,\\s*|\\s*,?\\s*(?:and|&)\\s*)(?:${DAY}))*))(?![\\w-])`,
  "giu",
);
const FREQUENCIES: Record<string, string> = { day: "DAILY", week: "WEEKLY", month: "MONTHLY", year: "YEARLY" };
const PREPOSITION = /(?<!\S)(?:by|due|on|at|from|starting)\s+$/iu;

/**
 * Reads the text of a new task in English: `tomorrow 5pm`, `every monday`, `#label`, `!high`, `/list`. What is not
 * understood stays in the title. Nothing is understood of a text that would have no title then.
 */
export function quickAdd(text: string, context: Context): QuickAdd {
  const parts: Part[] = [];
  const take = (from: number, to: number, gives: Understood) => {
    const part = { text: text.slice(from, to), from, to, gives };
    if (!context.kept.has(part.text) && !parts.some((one) => one.from < to && from < one.to)) parts.push(part);
  };
  readMarks(text, context, take);
  readDate(masked(text, parts), context, take);
  parts.sort((one, other) => one.from - other.from);
  const title = masked(text, parts).replaceAll(/\s+/gu, " ").trim();
  if (title === "") return { title: text.trim(), parts: [], fields: {} };
  return { title, parts, fields: merged(parts) };
}

type Take = (from: number, to: number, gives: Understood) => void;

/** Labels, priorities and lists: words behind `#`, `!` and `/`. */
function readMarks(text: string, { lists, labels }: Context, take: Take): void {
  const known = [...labels];
  for (const { index, 1: name = "" } of text.matchAll(/(?<!\S)#([^\s#]{1,50})(?!\S)/gu)) {
    const label = known.find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
    take(index, index + 1 + name.length, { labels: [label] });
  }
  for (const { index, 1: name = "" } of text.matchAll(/(?<!\S)!(urgent|high|medium|low)(?!\S)/giu)) {
    take(index, index + 1 + name.length, { priority: name.toLowerCase() as Priority });
    break;
  }
  const list = listIn(text, lists);
  if (list !== undefined) take(list.from, list.to, { list_id: list.id });
}

/** Returns the first `/` that a title of a list follows, of several such titles with the longest. */
function listIn(text: string, lists: Context["lists"]): { from: number; to: number; id: string } | undefined {
  const lower = text.toLowerCase();
  const byLength = lists.filter(({ is_archived }) => !is_archived).sort((one, other) => other.title.length - one.title.length);
  for (const { index } of text.matchAll(/(?<!\S)\//gu)) {
    for (const { id, title } of byLength) {
      const to = index + 1 + title.length;
      const follows = lower.startsWith(title.toLowerCase(), index + 1) && /^(?:\s|$)/u.test(text.slice(to));
      if (follows) return { from: index, to, id };
    }
  }
  return undefined;
}

/** A rule, and the day and time of the first date. A text has one date; an earlier one of several counts. */
function readDate(text: string, { now, kept }: Context, take: Take): void {
  const every = [...text.matchAll(EVERY)].find(([found]) => !kept.has(found));
  const rest = every === undefined ? text : masked(text, [{ from: every.index, to: every.index + every[0].length }]);
  const date = dateIn(rest, now, kept);
  const due = date?.due;
  if (every !== undefined) {
    const rule = ruleOf(every.groups ?? {});
    const earliest = due?.date ?? (due?.time !== undefined && due.time <= now.time ? addDays(now.day, 1) : now.day);
    const first = { date: firstDay(rule, earliest), ...(due?.time !== undefined && { time: due.time }) };
    take(every.index, every.index + every[0].length, { recurrence: { rule }, due: first });
    if (date !== undefined) take(date.from, date.to, { due: first });
  } else if (date !== undefined && due !== undefined) {
    const isPast = due.time !== undefined && due.time <= now.time;
    take(date.from, date.to, { due: { ...due, date: due.date ?? (isPast ? addDays(now.day, 1) : now.day) } });
  }
}

interface FoundDate {
  from: number;
  to: number;
  /** Without a `date` only a time was given. */
  due: { date?: string; time?: string };
}

function dateIn(text: string, now: Now, kept: ReadonlySet<string>): FoundDate | undefined {
  // No date has as many digits in a row, and chrono-node takes the square of their number.
  const readable = text.replaceAll(/\d{9,}/gu, (digits) => "x".repeat(digits.length));
  for (const { index, text: found, start, end } of casual.parse(readable, now.moment, { forwardDate: true })) {
    const hasDay = ["day", "weekday"].some((part) => start.isCertain(part as "day")) || /^(?:next|in)\s/iu.test(found);
    // "At 5" may be in the morning or in the afternoon, and "3/4" in March or in April.
    const hasTime = start.isCertain("hour") && (start.isCertain("meridiem") || /:\d\d|^in\s/iu.test(found)) || /\bnoon\b|\bmidnight\b/iu.test(found);
    const { day, time } = localNow(start.date());
    const isPart = /[\w-]/u.test(text[index - 1] ?? "") || /[\w-]/u.test(text[index + found.length] ?? "");
    const isUnclear = !(hasDay || hasTime) || (start.isCertain("hour") && !hasTime) || found.includes("/");
    if (end || isPart || isUnclear || (hasDay && day < now.day) || day > "9998-12-31") continue;
    const before = PREPOSITION.exec(text.slice(0, index))?.[0].length ?? 0;
    const [from, to] = [index - before, index + found.length];
    if (kept.has(text.slice(from, to))) continue;
    return { from, to, due: { ...(hasDay && { date: day }), ...(hasTime && { time }) } };
  }
  return undefined;
}

function ruleOf({ count, other, unit, working, days }: Record<string, string | undefined>): string {
  const number = other === undefined ? Math.max(1, Number(count ?? 1)) : 2;
  const interval = number === 1 ? "" : `;INTERVAL=${number}`;
  if (unit !== undefined) return `FREQ=${FREQUENCIES[unit.toLowerCase()]}${interval}`;
  if (working !== undefined) return WEEKDAYS.replace(";", `${interval};`);
  const names = (days ?? "").split(/[\s,&]+/u).map((one) => one.slice(0, 2).toUpperCase());
  return `FREQ=WEEKLY${interval};BYDAY=${DAYS.filter((day) => names.includes(day)).join(",")}`;
}

/** Returns the first day from the earliest one on that a rule of days of the week has; for other rules that one. */
function firstDay(rule: string, earliest: string): string {
  const days = /BYDAY=(.*)/u.exec(rule)?.[1]?.split(",");
  if (days === undefined) return earliest;
  const week = [0, 1, 2, 3, 4, 5, 6].map((count) => addDays(earliest, count));
  return week.find((day) => days.includes(DAYS[(new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7] ?? "")) ?? earliest;
}

function merged(parts: readonly Part[]): Understood {
  const named = parts.flatMap(({ gives }) => gives.labels ?? []).map((label) => [label.toLowerCase(), label] as const);
  const labels = [...new Map(named).values()].slice(0, MAX_LABELS);
  return Object.assign({}, ...parts.map(({ gives }) => gives), labels.length > 0 && { labels }) as Understood;
}

/** Returns the text with spaces in place of these parts, so that the others stay where they are. */
function masked(text: string, parts: readonly { from: number; to: number }[]): string {
  return parts.reduce((rest, { from, to }) => rest.slice(0, from) + " ".repeat(to - from) + rest.slice(to), text);
}
