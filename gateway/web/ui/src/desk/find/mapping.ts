/** Which column of a ledger file holds which field: the gateway's suggestion first, then what the names say. */

import type { LedgerColumn, LedgerError, LedgerField } from "@/api/find";

/** Field id to column name; a field that no column holds is absent. */
export type Mapping = Record<string, string>;

/** What two names have in common beyond blanks, brackets, marks and the case of letters. */
export function bareName(name: string): string {
  return name.normalize("NFKC").toLowerCase().replace(/\([^)]*\)|\[[^\]]*\]/g, "").replace(/[^\p{L}\p{N}]+/gu, "");
}

function likeness(column: string, field: LedgerField): number {
  const wanted = [field.id, field.zh, field.en].map(bareName).filter(Boolean);
  const name = bareName(column);
  if (!name) return 0;
  if (wanted.includes(name)) return 2;
  return wanted.some((word) => word.length > 1 && (name.includes(word) || word.includes(name)) && name.length > 1) ? 1 : 0;
}

/**
 * A first mapping: no column twice; suggestions of the gateway before equal names, those before parts of names. A part
 * is enough for what is required only: a wrong guess there is seen, elsewhere it would slip through.
 */
export function suggestMapping(columns: readonly LedgerColumn[], fields: readonly LedgerField[]): Mapping {
  const mapping: Mapping = {};
  const used = new Set<string>();
  const take = (field: string, column: string) => {
    if (mapping[field] !== undefined || used.has(column)) return;
    mapping[field] = column;
    used.add(column);
  };
  const known = new Set(fields.map((field) => field.id));
  for (const column of columns) if (column.suggested && known.has(column.suggested)) take(column.suggested, column.name);
  for (const score of [2, 1]) {
    for (const field of fields.filter((known) => score === 2 || known.required)) {
      for (const column of columns) if (likeness(column.name, field) === score) take(field.id, column.name);
    }
  }
  return mapping;
}

/** The mapping after one field was given another column, or none; the column is taken from whoever had it. */
export function mapped(mapping: Mapping, field: string, column: string): Mapping {
  const kept = Object.entries(mapping).filter(([other, name]) => other !== field && name !== column);
  return Object.fromEntries(column ? [...kept, [field, column]] : kept);
}

/** Required fields that neither a column nor a value for all rows gives. */
export function missingFields(
  fields: readonly LedgerField[],
  mapping: Mapping,
  defaults: Readonly<Record<string, string>>,
): LedgerField[] {
  return fields.filter((field) => field.required && !mapping[field.id] && !defaults[field.id]?.trim());
}

/** Columns of the file that nobody reads. */
export function unusedColumns(columns: readonly LedgerColumn[], mapping: Mapping): string[] {
  const used = new Set(Object.values(mapping));
  return columns.map((column) => column.name).filter((name) => !used.has(name));
}

function cell(value: string): string {
  // A cell that begins like a formula would be run by a spreadsheet.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The errors as CSV with a byte order mark, so that spreadsheets read it as UTF-8. */
export function errorsCsv(errors: readonly LedgerError[], head: readonly string[]): string {
  const rows = errors.map((error) => [String(error.row), error.column ?? error.field ?? "", error.value ?? "", error.message]);
  return `\ufeff${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}
