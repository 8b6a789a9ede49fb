import type { Task } from "@taskward/client";

export const WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR";

const DAYS: Record<string, string> = { MO: "Mon", TU: "Tue", WE: "Wed", TH: "Thu", FR: "Fri", SA: "Sat", SU: "Sun" };
const UNITS: Record<string, string> = { DAILY: "day", WEEKLY: "week", MONTHLY: "month", YEARLY: "year" };

/** The rules that the details offer by name; any other can be written. */
export const PRESETS: readonly (readonly [rule: string, name: string])[] = [
  ["FREQ=DAILY", "Every day"],
  [WEEKDAYS, "Every weekday"],
  ["FREQ=WEEKLY", "Every week"],
  ["FREQ=WEEKLY;INTERVAL=2", "Every 2 weeks"],
  ["FREQ=MONTHLY", "Every month"],
  ["FREQ=MONTHLY;BYMONTHDAY=-1", "Last day of every month"],
  ["FREQ=YEARLY", "Every year"],
];

/** Returns a rule in words, as far as they are short; otherwise the rule. */
export function ruleText({ rule, after }: Pick<NonNullable<Task["recurrence"]>, "rule" | "after">): string {
  const text = PRESETS.find(([preset]) => preset === rule)?.[1] ?? phrase(rule) ?? rule;
  return after === "completion" ? `${text} after completion` : text;
}

function phrase(rule: string): string | undefined {
  const parts = new Map(rule.split(";").map((part) => part.split("=") as [string, string]));
  const unit = UNITS[parts.get("FREQ") ?? ""];
  const count = parts.get("INTERVAL") ?? "1";
  const days = parts.get("BYDAY")?.split(",").map((day) => DAYS[day]);
  const known = ["FREQ", "INTERVAL", "BYDAY"];
  if (unit === undefined || [...parts.keys()].some((name) => !known.includes(name))) return undefined;
  if (days?.includes(undefined)) return undefined;
  return `Every ${count === "1" ? unit : `${count} ${unit}s`}${days ? ` on ${days.join(", ")}` : ""}`;
}
