import { describe, expect, it } from "vitest";
import type { LedgerColumn, LedgerField } from "@/api/find";
import { bareName, errorsCsv, mapped, missingFields, suggestMapping, unusedColumns } from "@/desk/find/mapping";

const field = (id: string, zh: string, en: string, required = false): LedgerField => ({ id, zh, en, required });
const column = (name: string, suggested: string | null = null): LedgerColumn => ({ name, samples: [], suggested });
const FIELDS = [field("name", "名称", "Name", true), field("lon", "经度", "Longitude", true), field("place", "安装地点", "Place"), field("url", "主码流地址", "Main stream", true)];

describe("names of columns", () => {
  it("are compared without brackets, blanks and case", () => {
    expect(bareName(" 经度（WGS-84） ")).toBe("经度");
    expect(bareName("Main_Stream (RTSP)")).toBe("mainstream");
  });
});

describe("the first mapping", () => {
  it("takes the gateway's suggestions before likeness", () => {
    const mapping = suggestMapping([column("名称"), column("设备名", "name"), column("经度(度)")], FIELDS);
    expect(mapping).toEqual({ name: "设备名", lon: "经度(度)" });
  });

  it("takes an exact name before a part of one, whatever the order", () => {
    expect(suggestMapping([column("摄像机名称"), column("名称")], FIELDS).name).toBe("名称");
  });

  it("takes parts of names for what is required, and guesses at nothing else", () => {
    expect(suggestMapping([column("摄像机名称"), column("地点")], FIELDS)).toEqual({ name: "摄像机名称" });
  });

  it("gives no column to two fields, and ignores fields nobody has", () => {
    const mapping = suggestMapping([column("A", "name"), column("B", "name"), column("C", "face")], FIELDS);
    expect(mapping).toEqual({ name: "A" });
  });
});

describe("a changed mapping", () => {
  it("takes the column from whoever had it", () => {
    expect(mapped({ name: "A", lon: "B" }, "lon", "A")).toEqual({ lon: "A" });
  });

  it("forgets a field that gets no column", () => {
    expect(mapped({ name: "A", lon: "B" }, "lon", "")).toEqual({ name: "A" });
  });

  it("wants every required field from a column or from a value for all", () => {
    const missing = missingFields(FIELDS, { name: "A" }, { lon: " ", url: "rtsp://x/1" });
    expect(missing.map((lack) => lack.id)).toEqual(["lon"]);
  });

  it("knows the columns nobody reads", () => {
    expect(unusedColumns([column("A"), column("B")], { name: "A" })).toEqual(["B"]);
  });
});

describe("errors as a file", () => {
  it("are quoted, begin with a byte order mark and never with a formula", () => {
    const text = errorsCsv(
      [
        { row: 7, column: "经度", field: "lon", code: "n", message: 'not "a" number', value: "=1+1" },
        { row: 9, column: null, field: "name", code: "e", message: "empty\nline", value: null },
      ],
      ["Row", "Column", "Value", "Problem"],
    );
    expect(text).toBe('\ufeffRow,Column,Value,Problem\r\n7,经度,\'=1+1,"not ""a"" number"\r\n9,name,,"empty\nline"\r\n');
  });
});
