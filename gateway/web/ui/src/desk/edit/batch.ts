/** One change for many cameras: what is chosen, what is done, and whether both are said well enough to be tried. */
import type { BatchChange, BatchSelection, RuleDoc, ScheduleDoc } from "@/api/config";

export const DEEDS = ["add_rule", "remove_rules", "schedule", "enabled", "analyse", "tags"] as const;
export type Deed = (typeof DEEDS)[number];

export interface BatchForm {
  region: string;
  grid: string;
  tag: string;
  cameraIds: string[];
  deed: Deed;
  rule: RuleDoc | null;
  types: string[]; // whose rules are removed or scheduled
  schedule: ScheduleDoc | undefined;
  enabled: boolean;
  analyse: "auto" | "main" | "sub";
  addTags: string[];
  removeTags: string[];
}

export function emptyForm(cameraIds: readonly string[] = []): BatchForm {
  return {
    region: "", grid: "", tag: "", cameraIds: [...cameraIds], deed: "add_rule", rule: null, types: [], schedule: undefined,
    enabled: true, analyse: "auto", addTags: [], removeTags: [],
  };
}

/** What was chosen; all of it must fit a camera. Nothing chosen means no camera, never all. */
export function selectionOf(form: BatchForm): BatchSelection | null {
  const select: BatchSelection = {};
  if (form.region) select.region_code = form.region;
  if (form.grid) select.grid_id = form.grid;
  if (form.tag.trim()) select.tag = form.tag.trim();
  if (form.cameraIds.length > 0) select.camera_ids = form.cameraIds;
  return Object.keys(select).length > 0 ? select : null;
}

export function changeOf(form: BatchForm): BatchChange | null {
  switch (form.deed) {
    case "add_rule":
      return form.rule ? { add_rules: [form.rule] } : null;
    case "remove_rules":
      return form.types.length > 0 ? { remove_rule_types: form.types } : null;
    case "schedule":
      return form.types.length > 0 ? { rule_types: form.types, schedule: form.schedule ?? {} } : null;
    case "enabled":
      return { enabled: form.enabled };
    case "analyse":
      return { analyse: form.analyse };
    case "tags":
      return tagsOf(form);
  }
}

function tagsOf(form: BatchForm): BatchChange | null {
  const change: BatchChange = {};
  if (form.addTags.length > 0) change.add_tags = form.addTags;
  if (form.removeTags.length > 0) change.remove_tags = form.removeTags;
  return Object.keys(change).length > 0 ? change : null;
}

/** "school, river" as tags. */
export function tagWords(text: string): string[] {
  return [...new Set(text.split(/[\s,;\uFF0C\u3001]+/).filter(Boolean))];
}
