import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CAMERA_NOTES, CAMERA_STATES, COVERAGE_STATES } from "@/api/types";
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
    const other = /^(review|case|camera|footage|account|audit|fleet)\.(read|judge|replay|health|view|manage|waiting)$/;
    expect(asked.filter((key) => !known.includes(key) && !other.test(key))).toEqual([]);
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
    ];
    expect(wanted.filter((key) => !known.includes(key))).toEqual([]);
  });

  it("keeps Chinese out of the code", () => {
    const spoken = sources.filter((path) => HAN.test(readFileSync(path, "utf8").replace(/\/\*\*[\s\S]*?\*\/|\/\/.*/g, "")));
    expect(spoken).toEqual([]);
  });
});
