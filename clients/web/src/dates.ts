import type { TaskDate } from "@taskward/client";

/** The day and time that the clock of this device shows, and the moment. */
export interface Now {
  day: string;
  time: string;
  moment: Date;
}

export type Urgency = "overdue" | "today" | "tomorrow" | "later";

const pad = (number: number) => String(number).padStart(2, "0");
const language = navigator.languages.find((one) => one.startsWith("en")) ?? "en";

export function localNow(moment = new Date()): Now {
  const day = `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())}`;
  return { day, time: `${pad(moment.getHours())}:${pad(moment.getMinutes())}`, moment };
}

/** Returns the day that many days later. A day is a text and not an instant, so that no time zone changes it. */
export function addDays(day: string, count: number): string {
  return new Date(wallClock(day) + count * 86_400_000).toISOString().slice(0, 10);
}

/** Returns a date as the clock of this device shows it: one in a time zone may be on another day here, if the browser knows the zone. */
export function inLocalTime(date: TaskDate): { day: string; time: string | undefined } {
  if (date.time === undefined || date.time_zone === undefined) return { day: date.date, time: date.time };
  return localNow(instantOf(wallClock(date.date, date.time), date.time_zone));
}

/** Returns a text by which dates are sorted: on one day those with a time come first. Compare it with `<`. */
export function dateKey(date: TaskDate): string {
  const { day, time } = inLocalTime(date);
  return `${day}T${time ?? "24:00"}`;
}

export function urgencyOf(due: TaskDate, now: Now): Urgency {
  if (dateKey(due) < `${now.day}T${now.time}`) return "overdue";
  const { day } = inLocalTime(due);
  if (day === now.day) return "today";
  return day === addDays(now.day, 1) ? "tomorrow" : "later";
}

/** Returns "Today 14:30", "Tomorrow", "Friday", "3 Dec" or "3 Dec 2027", and the name of a zone that the browser does not know. */
export function dateText(date: TaskDate, now: Now): string {
  const { day, time } = inLocalTime(date);
  const text = dayText(day, now);
  const zone = date.time_zone;
  return [text, time, isKnown(zone) ? undefined : zone].filter((part) => part !== undefined).join(" ");
}

export function dayText(day: string, now: Now): string {
  const distance = Math.round((wallClock(day) - wallClock(now.day)) / 86_400_000);
  if (distance === 0) return "Today";
  if (distance === 1) return "Tomorrow";
  if (distance === -1) return "Yesterday";
  if (distance > 1 && distance < 7) return format(day, { weekday: "long" });
  const isThisYear = day.slice(0, 4) === now.day.slice(0, 4);
  return format(day, { day: "numeric", month: "short", ...(!isThisYear && { year: "numeric" }) });
}

/** Returns "Saturday 21 November 2026". */
export function longDay(day: string): string {
  return format(day, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/** Returns when a reminder of a task is due; undefined if it depends on a due date that is not there. */
export function reminderMoment(
  { at, offset_minutes = 0 }: { at?: string; offset_minutes?: number },
  due: TaskDate | undefined,
  zone = timeZone(),
): Date | undefined {
  if (at !== undefined) return new Date(at);
  if (due === undefined) return undefined;
  return instantOf(wallClock(due.date, due.time) + offset_minutes * 60_000, due.time_zone ?? zone);
}

/** Returns a moment of the service as the clock of this device shows it. */
export function momentText(moment: string): string {
  return formatter(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(moment));
}

export const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The Date is only a container of year, month and day for Intl, which reads it in UTC again. */
function format(day: string, options: Intl.DateTimeFormatOptions): string {
  return formatter(language, { ...options, timeZone: "UTC" }).format(new Date(wallClock(day)));
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Returns a cached formatter: to make one takes much longer than to use it. */
function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([locale, options]);
  const known = formatters.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formatters.set(key, known);
  return known;
}

const knownZones = new Map<string, boolean>();

/** Returns whether the browser knows a zone. The service may know newer ones. */
function isKnown(zone = "UTC"): boolean {
  const known = knownZones.get(zone) ?? canFormat(zone);
  knownZones.set(zone, known);
  return known;
}

function canFormat(timeZone: string): boolean {
  try {
    formatter("en-US", { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** Returns what a wall clock shows as milliseconds, so that it can be computed with: also beyond the year 9999, for which there is no text. */
function wallClock(day: string, time = "00:00"): number {
  return Date.parse(`${day}T${time}Z`);
}

/** Returns the moment of a wall clock. A time that the clocks skip has the offset of before; of two the first is meant. */
function instantOf(wall: number, timeZone: string): Date {
  const before = wall - offsetAt(wall - 86_400_000, timeZone);
  const after = wall - offsetAt(wall + 86_400_000, timeZone);
  const matches = (moment: number) => moment + offsetAt(moment, timeZone) === wall;
  return new Date(!matches(before) && matches(after) ? after : before);
}

/** Returns the milliseconds of a zone at a moment; of one that the browser does not know those of this device, so that a time is shown as it is. */
function offsetAt(moment: number, zone: string): number {
  const parts = formatter("en-US", { timeZone: isKnown(zone) ? zone : timeZone(), timeZoneName: "longOffset" }).formatToParts(moment);
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [undefined, "+", "0", "0"];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
