import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CAMERA_NOTES, CAMERA_STATES, COVERAGE_STATES } from "@/api/types";
import { LOG_WORDS, ROUND_STATES, TASK_STATES, WEEKDAYS } from "@/api/worker";
import { PROBLEM_CODES } from "@/api/problem";
import { CASE_STATES } from "@/domain/cases";
import { en } from "@/locales/en";
import { zhCN } from "@/locales/zh-CN";

const SOURCE = join(__dirname, "..", "src");
const HAN = /[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]/;

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

function keys(node: object, prefix = ""): string[] {
  return Object.entries(node).flatMap(([name, value]) =>
    typeof value === "string" ? [prefix + name] : keys(value as object, `${prefix}${name}.`),
  );
}

function texts(node: object, prefix = ""): [string, string][] {
  return Object.entries(node).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[prefix + name, value]] : texts(value as object, `${prefix}${name}.`),
  );
}

function slots(node: object, prefix = ""): string[] {
  return Object.entries(node).flatMap(([name, value]) =>
    typeof value === "string"
      ? [`${prefix}${name}: ${[...value.matchAll(/{(\w+)}/g)].map((m) => m[1]).sort().join(",")}`]
      : slots(value as object, `${prefix}${name}.`),
  );
}

const sources = files(SOURCE).filter((path) => !path.includes("locales"));
const code = sources.map((path) => readFileSync(path, "utf8")).join("\n");
const known = keys(zhCN);
// Quoted words with dots; what follows an "=" is an expression of a template, not a key.
const said = [...code.matchAll(/(?<!=)["'`]([a-z][A-Za-z]*(?:\.[\w-]+)+)["'`]/g)].map((match) => match[1] ?? "");
// Everything that is handed to the translator as a literal, whatever its first word.
const translated = [...code.matchAll(/\b(?:t|te|say\.t)\(\s*["']([\w.-]+)["']/g)].map((match) => match[1] ?? "");
const groups = [...code.matchAll(/`([a-z][A-Za-z]*(?:\.[A-Za-z]+)*)\.\$\{/g)].map((match) => `${match[1]}.`);
// `word(group, code)` of the legal card asks for keys of these groups.
groups.push("legalBasis.", "placement.");

describe("the words of the interface", () => {
  it("has every message in both languages, with the same slots", () => {
    expect(slots(en)).toEqual(slots(zhCN));
  });

  it("asks for no message that does not exist", () => {
    const roots = new Set(Object.keys(zhCN));
    const asked = said.filter((key) => roots.has(key.split(".")[0] ?? ""));
    const rights = new Set([...readFileSync(join(SOURCE, "api", "types.ts"), "utf8").matchAll(/\| "(\w+\.\w+)"/g)].map((m) => m[1]));
    // A right, or the head of a group whose last word is added elsewhere.
    const other = (key: string) => rights.has(key) || key === "review.waiting" || known.some((each) => each.startsWith(`${key}.`));
    expect(asked.filter((key) => !known.includes(key) && !other(key))).toEqual([]);
  });

  it("translates no literal that is not a message", () => {
    expect(translated.length).toBeGreaterThan(300);
    expect(translated.filter((key) => !known.includes(key))).toEqual([]);
  });

  it("builds no key in a group that does not exist", () => {
    const built = [...code.matchAll(/\b(?:t|te)\(\s*`([a-z][A-Za-z]*(?:\.[A-Za-z]+)*)\.\$\{/g)].map((match) => `${match[1]}.`);
    expect(built.length).toBeGreaterThan(30);
    expect(built.filter((group) => !known.some((key) => key.startsWith(group)))).toEqual([]);
  });

  it("has no empty message, no Chinese in the English words, no English sentence in the Chinese ones", () => {
    const [zh, english] = [texts(zhCN), texts(en)];
    expect([...zh, ...english].filter(([, text]) => text.trim() === "").map(([key]) => key)).toEqual([]);
    // A language is called by its own name in every language.
    const foreign = english.filter(([key, text]) => HAN.test(text) && key !== "language.zh-CN");
    expect(foreign.map(([key]) => key)).toEqual([]);
    const unspoken = zh.filter(([, text]) => !HAN.test(text) && /[A-Za-z]{2,} [A-Za-z]{2,}/.test(text.replace(/{\w+}/g, "")));
    expect(unspoken.map(([key]) => key)).toEqual([]);
  });

  it("can say every message: none holds a sign that means something else to the translator", () => {
    const broken = [...texts(zhCN), ...texts(en)].filter(([, text]) => /[@|]/.test(text));
    expect(broken.map(([key]) => key)).toEqual([]);
  });

  it("keeps no message that nobody says", () => {
    const used = (key: string) => said.includes(key) || groups.some((group) => key.startsWith(group));
    expect(known.filter((key) => !used(key))).toEqual([]);
  });

  it("has words for every state and problem that the gateway can name", () => {
    const wanted = [
      ...CAMERA_STATES.flatMap((state) => [`cameraState.${state}`, `cameraAdvice.${state}`]),
      ...CAMERA_NOTES.map((note) => `cameraNote.${note}`),
      ...COVERAGE_STATES.map((state) => `coverageState.${state}`),
      ...CASE_STATES.map((state) => `case.stateName.${state}`),
      ...PROBLEM_CODES.map((problem) => `problem.${problem}`),
      ...ROUND_STATES.map((state) => `patrol.state.${state}`),
      ...TASK_STATES.map((state) => `task.state.${state}`),
      ...LOG_WORDS.map((word) => `patrolLog.what.${word}`),
      ...WEEKDAYS.map((day) => `weekday.${day}`),
    ];
    expect(wanted.filter((key) => !known.includes(key))).toEqual([]);
  });

  it("keeps Chinese out of the code", () => {
    const spoken = sources.filter((path) => HAN.test(readFileSync(path, "utf8").replace(/\/\*\*[\s\S]*?\*\/|\/\/.*/g, "")));
    expect(spoken).toEqual([]);
  });
});
