// Reads pairs of keys, and writes the key between each pair. The argument "small" asks for digits without capitals.
import { readFileSync } from "node:fs";
import { BASE_52_DIGITS, generateKeyBetween } from "fractional-indexing";

const digits = process.argv[2] === "small" ? ["0123456789abcdefghijklmnopqrstuvwxyz", BASE_52_DIGITS] : [];
const between = ([left, right]) => {
  try {
    return generateKeyBetween(left, right, ...digits);
  } catch (error) {
    return { error: error.message };
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(between)));
